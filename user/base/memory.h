/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that only the start needed. */
#pragma once

/* Gives back to the kernel what the heap has spare, and the pages of code and constants that were
 * mapped so far: those still needed come back out of the page cache as they are used. Loading BPF
 * objects parses all of the kernel's types and runs much that never runs again. */
void memory_settle(void);
