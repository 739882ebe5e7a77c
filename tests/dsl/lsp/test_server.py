"""What the server says of requests that it can't do."""

from __future__ import annotations

import logging

import pytest
from llx.dsl.lsp.say import Say
from llx.dsl.lsp.server import RequestFailed, serve
from pygls.exceptions import FeatureRequestError
from pygls.protocol import json_rpc

from ..fake import FakeCatalogue


@pytest.mark.parametrize(("error", "lines"), [(RequestFailed("taken already"), 0), (ValueError("a mistake"), 1)])
def test_only_mistakes_of_its_own_are_logged(error: Exception, lines: int, caplog: pytest.LogCaptureFixture) -> None:
    Say("ja")  # a server loads its words in its own language alone, and other tests of this process compare both
    server = serve(FakeCatalogue, "0")
    try:
        raise error
    except Exception as raised:
        json_rpc.logger.exception('Exception occurred for message "%s"', 7)
        server.report_server_error(raised, FeatureRequestError)
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == lines
