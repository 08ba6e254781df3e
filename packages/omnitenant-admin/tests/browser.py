"""A browser: the test client on one host, which fills in the forms that it was shown."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

from django.test import Client


class Browser:
    """Keeps cookies, the address of the page it shows, and the page."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.client = Client(enforce_csrf_checks=True, headers={"host": host})
        self.url = f"http://{host}/admin/"
        self.response: Any = None

    @property
    def text(self) -> str:
        """The page, without its markup."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.response.content.decode())).split())

    @property
    def source(self) -> str:
        """The page."""
        return unescape(self.response.content.decode())

    @property
    def tenant(self) -> str | None:
        """Whose page it says that it is."""
        found = re.search(r'<h2 id="omnitenant-heading">\s*Tenant: ([^<\s]*)\s*</h2>', self.source)
        return found[1] if found else None

    def get(self, path: str, *, follow: bool = True, **headers: str) -> Browser:
        """Open a page; redirects are followed as a browser does."""
        return self._go("get", path, {}, headers, follow=follow)

    def click(self, path: str) -> Browser:
        """Follow a link of the page that is shown, which says where it came from."""
        return self.get(path, referer=self.url)

    def post(self, path: str, data: dict[str, Any], *, follow: bool = True) -> Browser:
        """Send a form to an address, with the token of this browser."""
        token = self.client.cookies["csrftoken"].value
        return self._go("post", path, {"csrfmiddlewaretoken": token, **data}, {}, follow=follow)

    def submit(self, form: str, *, follow: bool = True, button: str = "", **values: Any) -> Browser:
        """Send a form of the page as it is shown, with some values changed.

        Args:
            form: the form's HTML id, or its action when it has none.
            follow: whether redirects are followed.
            button: the name of the button that is pressed.
            values: the changed values; ``None`` leaves one out.
        """
        found = _Forms.read(self.response.content.decode())[form]
        data = {**found.values, **({button: "1"} if button else {}), **values}
        data = {name: value for name, value in data.items() if value is not None}
        return self._go("post", found.action or self.url, data, {}, follow=follow)

    def log_in(self, name: str, password: str) -> Browser:
        """Log in by the page of the admin."""
        self.get("/admin/login/")
        self.submit("login-form", username=name, password=password)
        assert self.response.status_code == 200, self.text
        assert "Log out" in self.text, self.text
        return self

    def choose(self, tenant_id: str, model: str = "project") -> Browser:
        """Choose a tenant on the list of a model."""
        self.get(f"/admin/shop/{model}/")
        return self.submit(f"/admin/shop/{model}/tenant/", tenant=tenant_id)

    def _go(self, method: str, path: str, data: Any, headers: dict[str, str], *, follow: bool) -> Browser:
        url = urljoin(self.url, path)
        self.response = getattr(self.client, method)(url, data, headers=headers)
        seen = {url}
        while follow and self.response.status_code == 302:
            url = urljoin(url, self.response["Location"])
            assert url not in seen or method == "post", f"redirected in a circle: {seen}"
            seen.add(url)
            method = "get"
            self.response = self.client.get(url, headers=headers)
        self.url = url
        return self


class _Form:
    def __init__(self, attributes: dict[str, str | None]) -> None:
        self.action = attributes.get("action") or ""
        self.name = attributes.get("id") or self.action
        self.values: dict[str, Any] = {}


class _Forms(HTMLParser):
    """Reads the forms of a page, with what stands in them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, _Form] = {}
        self.form: _Form | None = None
        self.select: str | None = None

    @classmethod
    def read(cls, page: str) -> dict[str, _Form]:
        parser = cls()
        parser.feed(page)
        return parser.found

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        attributes = dict(attrs)
        name = attributes.get("name")
        if tag == "form":
            self.form = _Form(attributes)
            self.found[self.form.name] = self.form
        elif self.form is None:
            return
        elif tag == "input" and name and attributes.get("type") not in {"submit", "checkbox", "radio"}:
            value = attributes.get("value", "")
            known = self.form.values.get(name)
            # Several inputs of one name are sent as several values.
            self.form.values[name] = (
                value if known is None else [*([known] if isinstance(known, str) else known), value]
            )
        elif tag == "select" and name:
            self.select = name
            self.form.values[name] = ""
        elif tag == "option" and self.select and "selected" in attributes:
            self.form.values[self.select] = attributes.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = None
