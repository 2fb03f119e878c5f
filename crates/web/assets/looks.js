// A record of an open conversation says that somebody looks, so that its counselor knows. Never writes.

const { contact } = document.getElementById("looks").dataset;
const token = document.querySelector("input[name=token]").value;
const look = () => {
  if (document.hidden) return;
  fetch("/desk/look", {
    method: "POST",
    headers: { "content-type": "application/json", "x-dasan-token": token },
    body: JSON.stringify({ contact: Number(contact) }),
  }).catch(() => {});
};
look();
setInterval(look, 4000);
