"""What `liuhen verify` says of a tortured archive counts, unless the run itself brought it about."""

from __future__ import annotations

import json

from tests.commands import Ran
from tests.torture.judge import OUT_OF_TIME, Judgement, judge_verification


def test_entries_out_of_time_are_excused_only_where_clocks_were_set_wrong() -> None:
    late = {"code": OUT_OF_TIME, "subject": "ledger entries 3 to 4"}
    verified = Ran(1, json.dumps({"findings": [late]}), "")
    for clocks_were_wrong in (True, False):
        found = Judgement(files=1)
        judge_verification(verified, clocks_were_wrong, found)
        assert found.out_of_time == ["ledger entries 3 to 4"]
        assert found.holds is clocks_were_wrong
