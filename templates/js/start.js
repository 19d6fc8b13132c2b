// A part that fails leaves the others, and the page, as they are.
const before = byId("signature").textContent ? texts() : new Map();
readAudit();
for (const part of [startSurvey, startFind, startRows, startDetails, startSave, startKeys, () => startCheck(before)]) {
  try { part(); } catch (error) { console.error(error); }
}
