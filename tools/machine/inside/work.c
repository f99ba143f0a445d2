// SPDX-License-Identifier: GPL-2.0
/*
 * work - keep a processor busy with what has one right result
 *
 * Without an argument: does it once and prints the result. With a result: does it
 * again and again, compares, and watches the clocks, until a line is typed; then
 * says how often, and whether all was right. A round fills integer, x87, SSE and
 * AVX registers and keeps them filled for long, while signals come whose handler
 * uses the same ones; it sleeps, forks, and faults pages in.
 */
#define _GNU_SOURCE
#include <immintrin.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEPS 200000

static volatile long double scratch_x87;
static volatile double scratch_sse[4];
static volatile sig_atomic_t signals;
static int wrong;

static void complain(const char *what)
{
	if (!wrong++)
		printf("work: %s\n", what);
}

/* ---- what must come out the same -------------------------------------------------- */

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *byte = data;

	while (size--)
		hash = (hash ^ *byte++) * 0x100000001b3;
	return hash;
}

static uint64_t integers(uint64_t hash)
{
	for (int i = 0; i < STEPS; i++) {
		hash ^= hash << 13;
		hash ^= hash >> 7;
		hash ^= hash << 17;
	}
	return hash;
}

static uint64_t x87(uint64_t hash)
{
	long double x = 0.5L, y = 0;

	for (int i = 0; i < STEPS; i++) {
		x = 3.75L * x * (1 - x);
		y += x;
	}
	hash = mix(hash, &x, 10);
	return mix(hash, &y, 10);
}

/* The same four sums, two by two or all at once. */
static void sse(double sum[4])
{
	__m128d a = _mm_set_pd(0.2, 0.1), b = _mm_set_pd(0.4, 0.3), sa = _mm_setzero_pd(), sb = sa;
	const __m128d k = _mm_set1_pd(3.875), one = _mm_set1_pd(1);

	for (int i = 0; i < STEPS; i++) {
		a = _mm_mul_pd(_mm_mul_pd(k, a), _mm_sub_pd(one, a));
		b = _mm_mul_pd(_mm_mul_pd(k, b), _mm_sub_pd(one, b));
		sa = _mm_add_pd(sa, a);
		sb = _mm_add_pd(sb, b);
	}
	_mm_storeu_pd(sum, sa);
	_mm_storeu_pd(sum + 2, sb);
}

__attribute__((target("avx"))) static void avx(double sum[4])
{
	__m256d a = _mm256_set_pd(0.4, 0.3, 0.2, 0.1), s = _mm256_setzero_pd();
	const __m256d k = _mm256_set1_pd(3.875), one = _mm256_set1_pd(1);

	for (int i = 0; i < STEPS; i++) {
		a = _mm256_mul_pd(_mm256_mul_pd(k, a), _mm256_sub_pd(one, a));
		s = _mm256_add_pd(s, a);
	}
	_mm256_storeu_pd(sum, s);
}

static uint64_t vectors(uint64_t hash)
{
	double narrow[4], wide[4];

	sse(narrow);
	if (__builtin_cpu_supports("avx"))
		avx(wide);
	else
		memcpy(wide, narrow, sizeof(wide));
	if (memcmp(narrow, wide, sizeof(wide)))
		complain("SSE and AVX differ");
	return mix(hash, wide, sizeof(wide));
}

static uint64_t pages(uint64_t hash)
{
	const size_t size = 64 << 12;
	uint8_t *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return 0;
	for (size_t i = 0; i < size; i += 512)
		memory[i] = i >> 9;
	for (size_t i = 0; i < size; i += 512)
		hash = mix(hash, &memory[i], 1);
	munmap(memory, size);
	return hash;
}

static uint64_t child(uint64_t hash)
{
	int pipes[2], status;
	pid_t pid;

	if (pipe(pipes))
		return 0;
	pid = fork();
	if (!pid) {
		hash = integers(x87(hash));
		_exit(write(pipes[1], &hash, sizeof(hash)) != sizeof(hash));
	}
	if (read(pipes[0], &hash, sizeof(hash)) != sizeof(hash) ||
	    waitpid(pid, &status, 0) != pid || status)
		complain("a child was lost");
	close(pipes[0]);
	close(pipes[1]);
	return hash;
}

static uint64_t once(void)
{
	return child(pages(vectors(x87(integers(0xcbf29ce484222325)))));
}

/* ---- meanwhile ------------------------------------------------------------------------- */

static void on_signal(int signal)
{
	(void)signal;
	scratch_x87 = scratch_x87 * 1.5L + 1;
	for (int i = 0; i < 4; i++)
		scratch_sse[i] = scratch_sse[i] * 0.5 + i;
	signals++;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Neither clock may go back, nor a sleep be short or take for ever. */
static void watch_clocks(void)
{
	static uint64_t last, last_tsc;
	const struct timespec nap = { .tv_nsec = 5000000 };
	struct timespec rest = nap;
	uint64_t begin = now(), tsc = __rdtsc(), end;

	while (nanosleep(&rest, &rest))
		;
	end = now();
	if (begin < last || end < begin || tsc < last_tsc)
		complain("time went back");
	if (end - begin < 5000000)
		complain("a sleep was too short");
	if (end - begin > 120000000000)
		complain("a sleep of 5 ms took two minutes");
	last = end;
	last_tsc = __rdtsc();
}

static bool typed(void)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	char line[64];

	return poll(&in, 1, 0) > 0 && read(0, line, sizeof(line)) >= 0;
}

int main(int argc, char **argv)
{
	const struct itimerval every = { { 0, 3000 }, { 0, 3000 } };
	unsigned long rounds = 0;
	uint64_t expected;

	__builtin_cpu_init();
	if (argc < 2) {
		printf("%llx\n", (unsigned long long)once());
		return 0;
	}
	expected = strtoull(argv[1], NULL, 16);
	signal(SIGALRM, on_signal);
	setitimer(ITIMER_REAL, &every, NULL);
	printf("work: begun\n");
	fflush(stdout);
	do {
		if (once() != expected)
			complain("a wrong result");
		watch_clocks();
		rounds++;
	} while (!typed());
	if (signals < 3)
		complain("no signals");
	printf("work: %lu rounds, %ld signals, %s\n", rounds, (long)signals,
	       wrong ? "WRONG" : "all right");
	return wrong != 0;
}
