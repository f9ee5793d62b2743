"""Parse Dangdang's search page: bytes in, `SearchPage` out.

Decode and parse only the list: half of a page's bytes are around it, and a few snippets of those contain the rest
(total, pager, the query as the shop repeats it). A page without such a list is read whole.
"""

from __future__ import annotations

from parsers.dangdang.page_metadata import PageMetadata, read_page_metadata, snippets
from parsers.dangdang.result_list import (
    ResultList,
    find_options,
    find_result_list,
    may_hold_items,
    reaches_end,
    read_result_list,
)
from parsers.dangdang.signs import PageClassification, may_have_notice, notice_of, sign_without_list, title_of
from parsers.model import PageKind, SearchPage, SignCode
from parsers.text import decode, detect_charset

__all__ = ["parse_search_page"]


def parse_search_page(body: bytes, *, charset: str | None = None, page: int = 1) -> SearchPage:
    """Parse a search page of Dangdang.

    `body` is the decompressed page; `charset` is the one in its HTTP header; `page` is the requested number, which
    every listing carries. Any bytes give a `SearchPage`; its `kind` tells a result list from a genuine «nothing found»,
    a block page, or something else.
    """
    codec = detect_charset(body, charset)
    where = find_result_list(body)
    ended = reaches_end(body, where)
    if where is not None:
        markup = decode(body[where], codec)
        found = read_result_list(
            markup.text,
            page=page,
            options=find_options(body, where.stop if where.stop < len(body) else where.start),
        )
        if found.items:
            metadata, notice = _around(body, where, codec)
            sign = PageClassification(PageKind.RESULTS, SignCode.RESULT_LIST, str(found.items))
            return _page(
                found, metadata, notice, sign, codec=codec, undecodable=markup.undecodable, ended=ended
            )

    whole = decode(body, codec)
    outside = whole.text if where is None else decode(body[: where.start] + body[where.stop :], codec).text
    found = ResultList()
    if may_hold_items(outside):
        found = read_result_list(whole.text, page=page, options=find_options(body))
    title, notice = title_of(whole.text), notice_of(whole.text)
    metadata = read_page_metadata(whole.text, title=title)
    if found.items and not (where is None and "搜索无结果" in title):
        sign = PageClassification(PageKind.RESULTS, SignCode.RESULT_LIST, str(found.items))
    else:  # with the title of a no-result page, a list contains recommendations
        found = ResultList(unparsed=found.unparsed)
        frame = _frame(metadata, has_list_frame=where is not None)
        sign = sign_without_list(whole.text, title=title, notice=notice, frame=frame)
    return _page(found, metadata, notice, sign, codec=codec, undecodable=whole.undecodable, ended=ended)


def _around(body: bytes, where: slice, codec: str) -> tuple[PageMetadata, str]:
    """Read the metadata around the list at `where`, from snippets, or from everything if those are incomplete."""
    near = decode(snippets(body, where, codec), codec).text
    metadata = read_page_metadata(near, title=title_of(near))
    notice_possible = may_have_notice(body[: where.start], codec)
    if metadata.complete and not notice_possible:
        return metadata, ""
    everything = decode(body[: where.start] + b"\n" + body[where.stop :], codec).text
    return read_page_metadata(everything, title=title_of(everything)), notice_of(everything)


def _frame(metadata: PageMetadata, *, has_list_frame: bool) -> PageClassification | None:
    """Return the evidence that a page without a list is a search page; None if there is none."""
    if metadata.total is not None:
        return PageClassification(PageKind.RESULTS, SignCode.TOTAL_ONLY, str(metadata.total))
    if metadata.pages is not None:
        return PageClassification(PageKind.RESULTS, SignCode.PAGER_ONLY)
    return PageClassification(PageKind.RESULTS, SignCode.FRAME_ONLY) if has_list_frame else None


def _page(
    found: ResultList,
    metadata: PageMetadata,
    notice: str,
    sign: PageClassification,
    *,
    codec: str,
    undecodable: int,
    ended: bool,
) -> SearchPage:
    return SearchPage(
        kind=sign.kind,
        listings=found.listings,
        total=metadata.total,
        page=metadata.page,
        pages=metadata.pages,
        layout=found.layout,
        query_echo=metadata.query_echo,
        notice=notice,
        items=found.items,
        sign=sign.words,
        charset=codec.removesuffix("-sig"),
        undecodable=undecodable,
        title_echo=metadata.title_echo,
        ended=ended,
        unparsed=found.unparsed,
        surplus=found.surplus,
        clipped=found.clipped,
        sign_code=sign.code,
        sign_value=sign.value,
        plain_items=found.plain,
        tree_items=found.from_tree,
    )
