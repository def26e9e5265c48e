// SPDX-License-Identifier: Apache-2.0
#include "model.h"

const struct model_case model_vrf_cases[] = {
	{ .name = NULL },
};
