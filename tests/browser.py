"""A person's browser: headless Chromium without JavaScript, as wide as a phone."""

import shutil
import time
from contextlib import contextmanager, suppress

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

ALONE = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


class Browser:
    """Names lead where `rules` say (`MAP *.example 127.0.0.1:8443`), and any certificate is taken."""

    def __init__(self, folder, rules, width=360):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in (
            *ALONE,
            f"--user-data-dir={folder}",
            f"--host-resolver-rules={', '.join(rules)}",
            "--ignore-certificate-errors",
            "--blink-settings=scriptEnabled=false",
        ):
            options.add_argument(argument)
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.resize(width)

    def resize(self, width, height=800):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.width = width

    def open(self, url):
        """Go there; what can be read then."""
        self.driver.get(url)
        return self.text

    @property
    def url(self):
        return self.driver.current_url

    @property
    def text(self):
        """What can be read, its words one blank apart."""
        return self._soon(self._read)

    @property
    def cookies(self):
        return {cookie["name"]: cookie for cookie in self.driver.get_cookies()}

    def is_too_wide(self):
        """Whether one has to scroll sideways to read it."""
        return self.driver.execute_script("return document.documentElement.scrollWidth") > self.width

    def fill(self, **fields):
        for name, text in fields.items():
            # Found by its label, as a person does.
            label = self.driver.find_element(By.CSS_SELECTOR, f"label[for={name}]")
            field = self.driver.find_element(By.ID, label.get_attribute("for"))
            field.clear()
            field.send_keys(text)

    def press(self, label):
        """Press the button, or follow the link, with this text; the page is another one then."""
        before = self._page()
        self.driver.find_element(
            By.XPATH, f"//button[normalize-space()='{label}'] | //a[normalize-space()='{label}']"
        ).click()
        self._soon(lambda: self._page() != before)

    def until(self, words, seconds=60):
        """Wait until the page says so, by itself."""
        self._soon(lambda: words in self._read(), seconds)

    def _read(self):
        return " ".join(self.driver.find_element(By.TAG_NAME, "body").text.split())

    def _page(self):
        return self.driver.find_element(By.TAG_NAME, "html")

    def _soon(self, look, seconds=60):
        """What `look` gives as soon as that is anything; in between, one page is exchanged by another."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(WebDriverException):
                if found := look():
                    return found
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s at {self.url}")


@contextmanager
def browsing(folder, *rules, **options):
    """A browser, closed at the end; it keeps its things in the folder."""
    browser = Browser(folder, rules, **options)
    try:
        yield browser
    finally:
        browser.driver.quit()
