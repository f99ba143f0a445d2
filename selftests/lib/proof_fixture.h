/* SPDX-License-Identifier: GPL-2.0 */
/* FIXTURE(proof): see proof.h. */
#ifndef SELFTESTS_PROOF_FIXTURE_H
#define SELFTESTS_PROOF_FIXTURE_H

#include "proof.h"

FIXTURE(proof) {
	struct proof p;
	struct posada_run *run;
};

FIXTURE_VARIANT(proof) {
	const char *driver;
};

FIXTURE_VARIANT_ADD(proof, posada) { .driver = "posada" };
FIXTURE_VARIANT_ADD(proof, kvm) { .driver = "kvm" };

FIXTURE_SETUP(proof)
{
	const char *missing = proof_open(&self->p, variant->driver);

	if (missing)
		SKIP_NOW("%s", missing);
	self->run = self->p.run;
}

FIXTURE_TEARDOWN(proof)
{
	proof_close(&self->p);
}

#endif /* SELFTESTS_PROOF_FIXTURE_H */
