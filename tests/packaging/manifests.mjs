// SPDX-License-Identifier: Apache-2.0
// Holds manifests against what Kubernetes and the Prometheus operator take: manifests.mjs OUT FILE...
// Each must be valid by their schemas. What these leave open, unknown keys, is for the TypeScript
// compiler: OUT is a source in which each object is said to be of its kind. FILE may be BASE+PATCH.
import {readFileSync, writeFileSync} from "node:fs";
import {parseAllDocuments} from "yaml";

const packages = {
	"v1": "kubernetes-models/v1",
	"apps/v1": "kubernetes-models/apps/v1",
	"monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
};

function read(file) {
	return parseAllDocuments(readFileSync(file, "utf8"), {merge: true}).map((document) => {
		if (document.errors.length)
			throw new Error(`${file}: ${document.errors[0].message}`);
		return document.toJS();
	});
}

// As kubectl would merge them: objects by key, lists of named objects by name, else the patch's.
function merge(base, patch) {
	if (Array.isArray(patch) && patch.every((item) => item?.name))
		return base.map((item) => merge(item, patch.find((other) => other.name === item.name) ?? {}));
	if (typeof patch !== "object" || Array.isArray(patch))
		return patch;
	const merged = {...base};
	for (const [key, value] of Object.entries(patch))
		merged[key] = key in merged ? merge(merged[key], value) : value;
	return merged;
}

async function validate(file, object, number) {
	const from = packages[object.apiVersion];
	if (!from)
		throw new Error(`${file}: nothing is known of ${object.apiVersion}`);
	const kind = (await import(from))[object.kind];
	if (!kind)
		throw new Error(`${file}: ${object.apiVersion} has no ${object.kind}`);
	try {
		new kind(object).validate();
	} catch (error) {
		throw new Error(`${file}: ${error.message}`);
	}
	return `import type {I${object.kind} as Kind${number}} from "${from}/${object.kind}";
export const object${number}: Kind${number} = ${JSON.stringify(object, null, "\t")};
`;
}

const [out, ...files] = process.argv.slice(2);
let source = "";
let number = 0;
for (const file of files) {
	const [base, patch] = file.split("+");
	for (const object of read(base))
		source += await validate(file, patch ? merge(object, read(patch)[0]) : object, number++);
}
writeFileSync(out, source);
console.log(`${number} objects`);
