/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the broker's process; see broker.h. */
#pragma once

#include "user/host/netns_door.h"

/* Answers until the other end of the socket is gone. home: the namespace to come back to. */
void broker_serve(int socket, int home, const struct netns_looks *looks);
