// SPDX-License-Identifier: Apache-2.0
/* What is worth an alert. */
#include "user/config/config_parts.h"

void config_read_alerts(struct config *config, struct yaml_node *root)
{
	(void)root;
	config->rules = alert_default_rules(&config->rules_count);
}
