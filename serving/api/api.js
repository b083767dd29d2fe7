// "Try it": sends the request as it stands in the form and shows the status and the body of the answer.
for (const form of document.querySelectorAll("form[data-path]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [status, answer, body] = [form.querySelector("output"), form.querySelector("pre"), form.querySelector("textarea")];
    const key = document.getElementById("key").value;
    const headers = { Accept: "application/json", ...(body ? { "Content-Type": "application/json" } : {}), ...(key ? { Authorization: `Bearer ${key}` } : {}) };
    status.textContent = "sending …";
    try {
      const began = performance.now();
      const response = await fetch(form.dataset.path, { method: form.dataset.method, headers, ...(body ? { body: body.value } : {}) });
      const text = await response.text();
      status.textContent = `${response.status} ${response.statusText}, ${Math.round(performance.now() - began)} ms`;
      try {
        answer.textContent = JSON.stringify(JSON.parse(text), null, 1);
      } catch {
        answer.textContent = text;
      }
      answer.hidden = false;
    } catch (error) {
      status.textContent = `no answer: ${error.message}`;
    }
  });
}
