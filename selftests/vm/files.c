// SPDX-License-Identifier: GPL-2.0
/* Do the files keep what they need, in whatever order, process or socket they end? */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "guest_fixture.h"

GUEST_CODE(runs,
"	mov DATA, %eax\n"
"	hlt\n");

static void prepare(struct vcpu *cpu)
{
	vcpu_code(cpu, runs);
	memcpy(cpu->vm->ram + GUEST_DATA, "\x55\0\0\0", 4);
}

static void run_again(struct __test_metadata *_metadata, struct vcpu *cpu)
{
	vcpu_rip_set(cpu, GUEST_CODE_AT);
	vcpu_run_to(cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x55, cpu->run->regs[POSADA_RAX]);
}

TEST_F(guest, a_vcpu_runs_without_device_and_vm_files)
{
	prepare(&self->cpu);
	close(self->vm.device);
	run_again(_metadata, &self->cpu);
	close(self->vm.fd);
	run_again(_metadata, &self->cpu);
}

TEST_F(guest, the_run_page_stays_when_the_vcpu_file_is_closed)
{
	prepare(&self->cpu);
	run_again(_metadata, &self->cpu);
	close(self->cpu.fd);
	EXPECT_EQ(POSADA_EXIT_HLT, self->run->reason);
	self->run->apply = 1;
	EXPECT_EQ(1, self->run->apply);
	self->cpu.fd = -1;
}

TEST_F(guest, a_duplicate_keeps_the_vcpu)
{
	int copy = dup(self->cpu.fd);

	ASSERT_LE(0, copy);
	prepare(&self->cpu);
	close(self->cpu.fd);
	self->cpu.fd = copy;
	run_again(_metadata, &self->cpu);
}

TEST_F(guest, a_closed_vcpu_id_is_free_again)
{
	struct vcpu other, again;

	vcpu_create(&self->vm, &other, 5);
	EXPECT_EQ(-EEXIST, __vcpu_create(&self->vm, &again, 5));
	vcpu_close(&other);
	vcpu_create(&self->vm, &again, 5);
	vcpu_close(&again);
}

TEST_F(guest, files_are_close_on_exec)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->vm.fd, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->cpu.fd, F_GETFD));
}

static int send_file(int socket, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec byte = { .iov_base = "", .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0) == 1 ? 0 : -errno;
}

static int receive_file(int socket)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char buffer;
	struct iovec byte = { .iov_base = &buffer, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	int fd = -1;

	if (recvmsg(socket, &message, 0) == 1 && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

TEST_F(guest, a_vcpu_file_in_a_socket_keeps_everything)
{
	int sockets[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	prepare(&self->cpu);
	ASSERT_EQ(0, send_file(sockets[0], self->cpu.fd));
	close(self->cpu.fd);
	close(self->vm.fd);
	close(self->vm.device);
	self->cpu.fd = receive_file(sockets[1]);
	ASSERT_LE(0, self->cpu.fd);
	run_again(_metadata, &self->cpu);
}

/* Left in the socket it goes with the socket; run.sh unloads the module after. */
TEST_F(guest, a_vcpu_file_lost_in_a_socket)
{
	int sockets[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	ASSERT_EQ(0, send_file(sockets[0], self->cpu.fd));
	close(sockets[0]);
	close(sockets[1]);
}

/* Another process has another mm: guest memory is not there. */
TEST_F(guest, another_process_may_not_run_it)
{
	int status;
	pid_t pid;

	prepare(&self->cpu);
	run_again(_metadata, &self->cpu);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct posada_create_vcpu create = { .size = sizeof(create), .id = 1 };
		struct posada_state state = { .size = sizeof(state) };
		void *memory = memory_get(0x1000);

		if (__vcpu_run(&self->cpu) != -EIO)
			_exit(1);
		if (__vm_map(&self->vm, 0x400000, memory, 0x1000, 0) != -EIO)
			_exit(2);
		if (posada_ioctl(self->vm.fd, POSADA_CREATE_VCPU, &create) != -EIO)
			_exit(3);
		if (__vcpu_state_set(&self->cpu, &state, POSADA_STATE_REGS) != -EIO)
			_exit(4);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_TRUE(WIFEXITED(status));
	run_again(_metadata, &self->cpu);
}

/* What needs no guest memory may come from anywhere. */
TEST_F(guest, another_process_may_interrupt_kick_and_count)
{
	int status;
	pid_t pid;

	vcpu_code(&self->cpu, runs);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		vcpu_nmi(&self->cpu);
		vcpu_kick(&self->cpu);
		(void)vcpu_stats(&self->cpu);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	vcpu_run_to(&self->cpu, POSADA_EXIT_KICK);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(1, vm_log(&self->vm)->count);
}

/* The process that made the VM is gone: its files live on elsewhere, its memory does not. */
TEST(a_vm_whose_process_is_gone)
{
	int sockets[2], status;
	struct vcpu cpu = { 0 };
	struct vm vm;
	pid_t pid;

	NEEDS_POSADA();
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		vm_create(&vm);
		vcpu_create(&vm, &cpu, 0);
		boot_long(&cpu);
		prepare(&cpu);
		vcpu_run_to(&cpu, POSADA_EXIT_HLT);
		_exit(send_file(sockets[0], cpu.fd) ? 1 : 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	cpu.fd = receive_file(sockets[1]);
	ASSERT_LE(0, cpu.fd);
	EXPECT_EQ(-EIO, __vcpu_run(&cpu));
	(void)vcpu_stats(&cpu);
	close(cpu.fd);
}

TEST_HARNESS_MAIN
