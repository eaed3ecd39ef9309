// Adds a button that copies to each value of the settings. The page works without it.
for (const value of navigator.clipboard ? document.querySelectorAll("[data-copy]") : []) {
  const { label, copied } = document.body.dataset;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.setAttribute("aria-label", `${label}: ${value.dataset.copy}`);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(value.textContent);
    button.textContent = copied;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
  value.after(button);
}
