from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.feed_results import FeedVerdict, SentRow, read_result
from domain.shipment_outcomes import RowOutcome
from domain.shipments import Issue

ACCEPTED, REJECTED, UNVERIFIED = RowOutcome
SENT = [SentRow(f"111-000000{n}-0000001", f"0000000000000{n}") for n in range(1, 4)]
HEADER = "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message"


def result(
    *rows: str, processed: int = 3, successful: int = 3, words: tuple[str, str] | None = None
) -> str:
    first, second = words or ("Number of records processed", "Number of records successful")
    summary = f"Feed Processing Summary:\n\t{first}\t\t{processed}\n\t{second}\t\t{successful}\n"
    return summary + ("\n" + "\n".join([HEADER, *rows]) + "\n" if rows else "")


def row(record: int, kind: str = "Error", code: str = "18028", message: str = "Bad") -> str:
    sent = SENT[record - 1] if 1 <= record <= len(SENT) else SentRow("", "")
    return f"{record}\t{sent.order_id}\t{sent.order_item_id}\t{code}\t{kind}\t{message}"


def outcomes(verdict: FeedVerdict) -> list[RowOutcome]:
    return [each.outcome for each in verdict.rows]


def test_without_a_table_equal_counts_accept_every_row() -> None:
    verdict = read_result(result(), SENT)

    assert outcomes(verdict) == [ACCEPTED] * 3
    assert (verdict.processed, verdict.successful, verdict.unverified) == (3, 3, "")


def test_a_row_with_an_error_is_rejected_with_amazons_code_and_words() -> None:
    verdict = read_result(result(row(2), successful=2), SENT)

    assert outcomes(verdict) == [ACCEPTED, REJECTED, ACCEPTED]
    assert verdict.rows[1].issues == (Issue("18028", is_error=True, message="Bad"),)
    assert verdict.rows[1].record == 2


def test_a_row_with_a_warning_is_accepted_and_the_warning_shown() -> None:
    verdict = read_result(result(row(3, "Warning", "99001", "odd format")), SENT)

    assert outcomes(verdict) == [ACCEPTED] * 3
    assert verdict.rows[2].issues == (Issue("99001", is_error=False, message="odd format"),)


def test_a_row_with_a_warning_and_an_error_is_rejected_with_both() -> None:
    verdict = read_result(result(row(1, "Warning"), row(1), successful=2), SENT)

    assert outcomes(verdict) == [REJECTED, ACCEPTED, ACCEPTED]
    assert [issue.is_error for issue in verdict.rows[0].issues] == [False, True]


@pytest.mark.parametrize(
    ("error", "warning"),
    [
        ("Fehler", "Warnung"),
        ("Erreur", "Avertissement"),
        ("Errore", "Avviso"),
        ("ERROR", "Advertencia"),
        ("Erro", "Aviso"),
        ("Fout", "Waarschuwing"),
        ("Fel", "Varning"),
        ("Błąd", "Ostrzeżenie"),
        ("Hata", "UYARI"),
        ("エラー", "警告"),
        ("Fatal", "warning"),
    ],
)
def test_error_and_warning_are_understood_in_every_language(error: str, warning: str) -> None:
    words = ("Anzahl der verarbeiteten Datensätze", "Anzahl der erfolgreichen Datensätze")

    verdict = read_result(result(row(1, error), row(2, warning), successful=2, words=words), SENT)

    assert outcomes(verdict) == [REJECTED, ACCEPTED, ACCEPTED]


@pytest.mark.parametrize(
    ("_case", "successful", "outcome"),
    [
        ("so many failed as have the word: it means error", 1, REJECTED),
        ("nothing failed: it means warning", 3, ACCEPTED),
        ("neither", 2, UNVERIFIED),
    ],
)
def test_a_word_not_known_is_told_by_the_counts(
    _case: str, successful: int, outcome: RowOutcome
) -> None:
    verdict = read_result(result(row(1, "Kikosa"), row(2, "Kikosa"), successful=successful), SENT)

    assert outcomes(verdict)[:2] == [outcome] * 2
    assert outcomes(verdict)[2] is (UNVERIFIED if outcome is UNVERIFIED else ACCEPTED)


def test_known_errors_are_not_taken_for_the_unknown_word() -> None:
    verdict = read_result(result(row(1), row(2, "Kikosa"), successful=1), SENT)

    assert outcomes(verdict) == [REJECTED, REJECTED, ACCEPTED]


def test_unknown_words_about_file_and_row_are_warnings_if_nothing_failed() -> None:
    about_the_file = "0\t\t\t90061\tKikosa\tunknown heading"

    assert outcomes(read_result(result(about_the_file, row(1, "Kikosa")), SENT)) == [ACCEPTED] * 3
    failed = read_result(result(about_the_file, row(1, "Kikosa"), successful=1), SENT)
    assert outcomes(failed) == [UNVERIFIED] * 3


def test_an_unknown_code_is_no_obstacle() -> None:
    assert outcomes(read_result(result(row(1, code="?new?"), successful=2), SENT))[0] is REJECTED


def test_an_error_of_the_file_rejects_every_row() -> None:
    verdict = read_result(
        result(
            "0\t\t\t90012\tFatal\tThe required order-id field is missing",
            "0\t\t\t90061\tWarning\tThe field heading is invalid",
            processed=0,
            successful=0,
        ),
        SENT,
    )

    assert outcomes(verdict) == [REJECTED] * 3
    assert [issue.code for issue in verdict.file_issues] == ["90012", "90061"]
    assert verdict.rows[0].issues == verdict.file_issues


def test_a_warning_about_the_file_rejects_nothing() -> None:
    verdict = read_result(result("0\t\t\t90061\tWarning\tunknown heading"), SENT)

    assert outcomes(verdict) == [ACCEPTED] * 3
    assert [issue.code for issue in verdict.file_issues] == ["90061"]


@pytest.mark.parametrize(
    ("_case", "text", "why"),
    [
        ("empty", "", "empty"),
        ("blank", " \n\n", "empty"),
        ("a web page", "<html><body>503</body></html>", "empty or not a processing report"),
        ("json", '{"header": {}}', "empty or not a processing report"),
        ("a stranger's order", result(row(2).replace("111-", "999-")), "another feed's"),
        ("a stranger's item", result(row(2).replace("\t000", "\t999")), "another feed's"),
        ("more rows than sent", result(row(4)), "another feed's"),
        ("one more counted than sent", result(processed=4, successful=4), "4 rows, 3 were sent"),
        ("more counted than sent", result(processed=9, successful=9), "9 rows, 3 were sent"),
        ("a line without number", result("x\t\t\t1\tError\tBad"), "names no row"),
    ],
)
def test_a_result_that_cannot_be_this_feeds_settles_nothing(
    _case: str, text: str, why: str
) -> None:
    verdict = read_result(text, SENT)

    assert outcomes(verdict) == [UNVERIFIED] * 3
    assert why in verdict.unverified


def test_a_result_known_to_be_cut_off_settles_nothing() -> None:
    verdict = read_result(result(row(2), successful=2), SENT, truncated=True)

    assert outcomes(verdict) == [UNVERIFIED] * 3
    assert verdict.unverified == "the result is cut off"


def test_a_table_that_lost_its_end_leaves_the_unnamed_rows_open() -> None:
    verdict = read_result(result(row(1), successful=1), SENT)

    assert outcomes(verdict) == [REJECTED, UNVERIFIED, UNVERIFIED]
    assert verdict.unverified == "the counts do not settle 2 of 3 rows"


@pytest.mark.parametrize(("processed", "successful"), [(0, 0), (2, 2), (3, 2), (3, 0)])
def test_counts_that_do_not_say_all_is_well_accept_nothing(processed: int, successful: int) -> None:
    verdict = read_result(result(processed=processed, successful=successful), SENT)

    assert outcomes(verdict) == [UNVERIFIED] * 3


def test_windows_line_ends_and_a_byte_order_mark_are_harmless() -> None:
    text = "\ufeff" + result(row(2), successful=2).replace("\n", "\r\n")

    assert outcomes(read_result(text, SENT)) == [ACCEPTED, REJECTED, ACCEPTED]


def test_columns_are_found_by_name() -> None:
    names = "original-record-number\terror-type\terror-message\tsku\terror-code"
    lines = f"{names}\n2\tError\tBad\tBP-100\t1"

    verdict = read_result(result(successful=2) + "\n" + lines, SENT)

    assert verdict.rows[1].issues == (Issue("1", is_error=True, message="Bad"),)


def test_endless_messages_are_cut() -> None:
    [issue] = read_result(result(row(1, message="x" * 5000), successful=2), SENT).rows[0].issues

    assert len(issue.message) == 1000


LINES = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from([HEADER, row(1), row(2, "Warning"), "0\t\t\t1\tError\tx", "x\t\t3", "\t3"]),
    ),
    max_size=12,
)


@given(lines=LINES, rows=st.integers(0, 4), truncated=st.booleans())
def test_any_text_gives_one_verdict_for_each_row_sent(
    lines: list[str], rows: int, *, truncated: bool
) -> None:
    sent = (SENT * 2)[:rows]

    verdict = read_result("\n".join(lines), sent, truncated=truncated)

    assert [each.record for each in verdict.rows] == list(range(1, rows + 1))
    assert not truncated or ACCEPTED not in outcomes(verdict)


@given(st.text(max_size=300))
def test_no_text_without_counts_accepts_anything(text: str) -> None:
    without_digits = "".join(c for c in text if not c.isdigit())

    assert ACCEPTED not in outcomes(read_result(without_digits, SENT))


@given(st.sets(st.integers(1, 3)), st.sets(st.integers(1, 3)))
def test_a_whole_result_settles_every_row(errors: set[int], warnings: set[int]) -> None:
    rows = [row(n) for n in sorted(errors)] + [row(n, "Warning") for n in sorted(warnings)]

    verdict = read_result(result(*rows, successful=3 - len(errors)), SENT)

    assert {r.record for r in verdict.rows if r.outcome is REJECTED} == errors
    assert UNVERIFIED not in outcomes(verdict)
