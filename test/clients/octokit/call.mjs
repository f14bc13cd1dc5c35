// Calls a method of @octokit/rest, and prints as JSON what came of it.
//
//     TOKEN=... node call.mjs BASE-URL METHOD PARAMETERS      packages.getPackageForUser '{"username": "alice", ...}'
//     TOKEN=... node call.mjs BASE-URL METHOD PARAMETERS all  every page of a list
//
// {"status": 200, "data": ..., "headers": ...}, or {"error": "HttpError", "status": 404, "message": ..., "data": ...}.
import { Octokit } from "@octokit/rest";

const [baseUrl, method, parameters, all] = process.argv.slice(2);
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const octokit = new Octokit({ baseUrl, auth: process.env.TOKEN || undefined, log: silent });
const [group, name] = method.split(".");
const call = octokit.rest[group][name];

async function answer() {
	if (all) {
		const data = await octokit.paginate(call, JSON.parse(parameters));
		return { status: 200, data };
	}
	const { status, data, headers } = await call(JSON.parse(parameters));
	return { status, data, headers };
}

function failure(error) {
	return { error: error.name, status: error.status, message: error.message, data: error.response?.data };
}

console.log(JSON.stringify(await answer().catch(failure)));
