"""Looks at every page of the example over HTTP, as each customer's browser would, and counts foreign rows."""

from __future__ import annotations

import html
import http.client
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

__all__ = ["Report", "visit_all", "visit_tenant"]


@dataclass
class Report:
    """What one customer saw.

    Attributes:
        tenant_id: the customer.
        isolation: as its page says.
        place: where its rows are, as its page says.
        own: names of its own projects that it saw.
        foreign: names of other customers' projects that it saw, on any page.
    """

    tenant_id: str
    isolation: str = ""
    place: str = ""
    own: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)


class Browser:
    """Asks for pages of one host, and keeps its cookies."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = f"{host}:{port}", port
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """Send one request; returns the status and the page, entities resolved."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Host": self.host, "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, urlencode(form) if form else None, headers)
            response = connection.getresponse()
            page = html.unescape(response.read().decode())
            for name, value in response.getheaders():
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.partition(";")[0]
            return response.status, page
        finally:
            connection.close()


def visit_tenant(tenant_id: str, port: int, names: dict[str, list[str]], known_ids: int = 20) -> Report:
    """Look at a customer's list, add a project by the form, and try the number of every project there is.

    Args:
        tenant_id: whose browser it is.
        port: where the site is served, on 127.0.0.1.
        names: the projects of each customer, by its id.
        known_ids: how far numbers of projects are tried.

    Raises:
        RuntimeError: a page did not answer as it should.
    """
    browser, report = Browser(f"{tenant_id}.localhost", port), Report(tenant_id)
    status, page = browser.ask("GET", "/")
    expect(status, 200, browser, "/")
    report.isolation = found(r'class="badge">([^<]+)<', page)
    report.place = found(r"My rows are in</dt><dd><code>([^<]+)<", page)
    token = found(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    status, _ = browser.ask("POST", "/", {"name": f"Added by {tenant_id}", "csrfmiddlewaretoken": token})
    expect(status, 302, browser, "/ (the form)")
    pages = [browser.ask("GET", "/")[1]]
    for number in range(1, known_ids + 1):
        status, page = browser.ask("GET", f"/projects/{number}/")
        if status == 200:  # noqa: PLR2004 - HTTP's own number
            pages.append(page)
        else:
            expect(status, 404, browser, f"/projects/{number}/")
    for owner, projects in names.items():
        for name in [*projects, f"Added by {owner}"]:
            if any(re.search(rf">{re.escape(name)}<", page) for page in pages):
                (report.own if owner == tenant_id else report.foreign).add(name)
    missing = {*names[tenant_id], f"Added by {tenant_id}"} - report.own
    if missing:
        message = f"{tenant_id} does not see its own {', '.join(sorted(missing))}"
        raise RuntimeError(message)
    return report


def visit_all(port: int, names: dict[str, list[str]]) -> int:
    """Visit every customer twice, so that all rows are there to be seen; print a table.

    Returns:
        The exit status: 1 if anybody saw a foreign row, else 0.
    """
    for tenant_id in names:
        visit_tenant(tenant_id, port, names)
    reports = [visit_tenant(tenant_id, port, names) for tenant_id in names]
    status, page = Browser("localhost", port).ask("GET", "/")
    expect(status, 200, Browser("localhost", port), "/")
    status_unknown, _ = Browser("nobody.localhost", port).ask("GET", "/")
    expect(status_unknown, 404, Browser("nobody.localhost", port), "/")
    print(f"{'tenant':<10} {'isolation':<10} {'own rows':>8} {'foreign rows':>13}  place")
    for each in reports:
        print(f"{each.tenant_id:<10} {each.isolation:<10} {len(each.own):>8} {len(each.foreign):>13}  {each.place}")
    listed = sum(f"<code>{tenant_id}</code>" in page for tenant_id in names)
    foreign = sum(len(each.foreign) for each in reports)
    print(f"\nthe master lists {listed} of {len(names)} tenants; unknown hosts get 404; foreign rows seen: {foreign}")
    return 1 if foreign or listed != len(names) else 0


def expect(status: int, wanted: int, browser: Browser, path: str) -> None:
    """Stop where a page does not answer as it should."""
    if status != wanted:
        message = f"{browser.host}{path} answered {status}, not {wanted}"
        raise RuntimeError(message)


def found(pattern: str, page: str) -> str:
    """Read one thing off a page."""
    match = re.search(pattern, page)
    if match is None:
        message = f"the page has nothing like {pattern}"
        raise RuntimeError(message)
    return match.group(1)
