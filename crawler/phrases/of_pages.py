"""Texts on the outcome of pages, on their content, and on parsing: one text per code, in three languages."""

from __future__ import annotations

from typing import Final

__all__ = ["PAGES"]

PAGES: Final[dict[str, tuple[str, str, str]]] = {
    # Combined texts
    "joined": ("{first}; {rest}", "{first}；{rest}", "{first}；{rest}"),
    "because": ("{words}: {why}", "{words}：{why}", "{words}：{why}"),
    "with_more": ("{words} ({more})", "{words}（{more}）", "{words}（{more}）"),
    "on_page": ("{page}: {words}", "{page}：{words}", "{page}：{words}"),
    "attempts": ("after {n} attempts", "试了 {n} 次", "試了 {n} 次"),
    "attempt": ("after 1 attempt", "试了 1 次", "試了 1 次"),
    # Pages that failed
    "to_a_login": ("redirected to a login: {url}", "被转到登录页：{url}", "被轉到登入頁：{url}"),
    "status_redirect": ("{status}, redirected to {url}", "{status}，被转到 {url}", "{status}，被轉到 {url}"),
    "status_but": ("{status}, but {sign}", "{status}，但{sign}", "{status}，但{sign}"),
    "ends_early": (
        "the page ends after {size}, before its list, pager and </html> are complete",
        "页面在 {size} 处中断，列表、页码和 </html> 都不完整",
        "頁面在 {size} 處中斷，列表、頁碼和 </html> 都不完整",
    ),
    "no_shop_of_host": (
        "no registered shop has the host {host}",
        "没有已注册的书店使用主机 {host}",
        "沒有已註冊的書店使用主機 {host}",
    ),
    "no_search_page": ("not a search page: {sign}", "不是搜索结果页：{sign}", "不是搜尋結果頁：{sign}"),
    "too_much_markup": (
        "the page is too long: {n:,} characters exceed the parsing limit",
        "页面代码太长，有 {n:,} 个字符超出解析上限",
        "頁面程式碼太長，有 {n:,} 個字元超出解析上限",
    ),
    "query_misread": (
        "the shop misread the query as «{echo}»",
        "书店把查询读成了乱码“{echo}”",
        "書店把查詢讀成了亂碼「{echo}」",
    ),
    "query_other": (
        "the shop answered a different query: «{echo}»",
        "书店返回的是另一个查询“{echo}”的结果",
        "書店傳回的是另一個查詢「{echo}」的結果",
    ),
    "page_other_past_end": (
        "the shop reports {pages} pages but sent page {other}",
        "书店称共 {pages} 页，返回的是第 {other} 页",
        "書店稱共 {pages} 頁，傳回的是第 {other} 頁",
    ),
    "page_other": (
        "the shop sent page {other} instead of page {number}",
        "请求第 {number} 页，书店返回的却是第 {other} 页",
        "請求第 {number} 頁，書店傳回的卻是第 {other} 頁",
    ),
    "total_denied": (
        "the page reports {total} products but says «{notice}», and no list was found",
        "页面称有 {total} 件商品，又说“{notice}”，没有找到列表",
        "頁面稱有 {total} 件商品，又說「{notice}」，沒有找到列表",
    ),
    "pages_denied": (
        "the page reports {pages} pages but says «{notice}», and no list was found",
        "页面称共 {pages} 页，又说“{notice}”，没有找到列表",
        "頁面稱共 {pages} 頁，又說「{notice}」，沒有找到列表",
    ),
    "no_products": ("the shop reports 0 products", "书店称有 0 件商品", "書店稱有 0 件商品"),
    "none_readable": (
        "{total} products reported, {items} items found, none readable",
        "页面称有 {total} 件商品，找到 {items} 件，都无法读取",
        "頁面稱有 {total} 件商品，找到 {items} 件，都無法讀取",
    ),
    "none_readable_of_unknown": (
        "a search page: {items} items found, none readable",
        "是搜索结果页，找到 {items} 条，都无法读取",
        "是搜尋結果頁，找到 {items} 筆，都無法讀取",
    ),
    "few_readable": (
        "of {items} items, {titled} have a title and {priced} a price",
        "{items} 条商品中有书名的 {titled} 条，有价格的 {priced} 条",
        "{items} 筆商品中有書名的 {titled} 筆，有價格的 {priced} 筆",
    ),
    "states_pages": ("the shop reports {pages} pages", "书店称共 {pages} 页", "書店稱共 {pages} 頁"),
    "others_state": (
        "{words}, but other pages of this search report {pages}",
        "{words}，但本次搜索的其他页称共 {pages} 页",
        "{words}，但本次搜尋的其他頁稱共 {pages} 頁",
    ),
    "others_have_books": (
        "the shop says it found nothing, but other pages of this search have books",
        "书店称没有结果，但本次搜索的其他页有书",
        "書店稱沒有結果，但本次搜尋的其他頁有書",
    ),
    "repeats": ("the same products as page {first}", "与第 {first} 页商品相同", "與第 {first} 頁商品相同"),
    "repeats_early": (
        "has {words}, but the shop reports {pages} pages",
        "{words}，但书店称共 {pages} 页",
        "{words}，但書店稱共 {pages} 頁",
    ),
    # Notes on pages that did not fail
    "some_unreadable": (
        "{n} of {items} items could not be read",
        "{items} 条商品中有 {n} 条无法读取",
        "{items} 筆商品中有 {n} 筆無法讀取",
    ),
    "undecodable": (
        "{n} byte sequences in the list are not valid {charset}",
        "列表中有 {n} 处字节无法按 {charset} 解码",
        "列表中有 {n} 處位元組無法以 {charset} 解碼",
    ),
    "surplus": (
        "the page holds {n:,} more items than the {items} that were read",
        "页面上除读取的 {items} 条外，还有 {n:,} 条商品",
        "頁面上除讀取的 {items} 筆外，還有 {n:,} 筆商品",
    ),
    "clipped": (
        "{n} listings had texts over {most:,} characters, which were cut",
        "{n} 条商品有超过 {most:,} 字符的文字，已截断",
        "{n} 筆商品有超過 {most:,} 字元的文字，已截斷",
    ),
    "clipped_one": (
        "1 listing had texts over {most:,} characters, which were cut",
        "1 条商品有超过 {most:,} 字符的文字，已截断",
        "1 筆商品有超過 {most:,} 字元的文字，已截斷",
    ),
    "perhaps_cut": (
        "the list, pager and </html> are incomplete; the page may be cut short",
        "列表、页码和 </html> 都不完整，页面可能被截断",
        "列表、頁碼和 </html> 都不完整，頁面可能被截斷",
    ),
    "shop_says": ("the shop says: {notice}", "书店提示：{notice}", "書店提示：{notice}"),
    "half_a_page": (
        "{n} listings; a full page has {size}",
        "只有 {n} 条商品，满页应有 {size} 条",
        "只有 {n} 筆商品，滿頁應有 {size} 筆",
    ),
    # Products with two offers
    "two_offers": (
        "product {number}: {earlier} on {earlier_page}, {later} on {later_page}; the later one counts",
        "商品 {number}：{earlier_page}为 {earlier}，{later_page}为 {later}；以后者为准",
        "商品 {number}：{earlier_page}為 {earlier}，{later_page}為 {later}；以後者為準",
    ),
    "two_offers_more": (
        "{n} more products had two offers; the later one counts",
        "另有 {n} 件商品前后报价不同，以后来的为准",
        "另有 {n} 件商品前後報價不同，以後來的為準",
    ),
    "the_page": ("page {page}", "第 {page} 页", "第 {page} 頁"),
    "the_price_page": ("page {page} of the price order", "价格排序第 {page} 页", "價格排序第 {page} 頁"),
    "offer_without_price": ("no price", "价格不明", "價格不明"),
    "offer_sold_out": ("{price} (sold out)", "{price}（已售罄）", "{price}（已售完）"),
    # Evidence for the kind of a page without a list: one text per code of parsers.model.SignCode
    "sign_empty_body": ("an empty body", "内容为空", "內容為空"),
    "sign_title": ("title {value}", "标题“{value}”", "標題「{value}」"),
    "sign_no_title": ("no title", "没有标题", "沒有標題"),
    "sign_marker": ("{value}", "{value}", "{value}"),
    "sign_result_list": ("result list of {value} items", "{value} 条商品的列表", "{value} 筆商品的列表"),
    "sign_total_only": (
        "total {value}, but no list",
        "称有 {value} 件商品，但没有列表",
        "稱有 {value} 件商品，但沒有列表",
    ),
    "sign_pager_only": ("a pager, but no list", "有页码，但没有列表", "有頁碼，但沒有列表"),
    "sign_frame_only": ("an empty list frame", "只有列表的外框，没有列表", "只有列表的外框，沒有列表"),
    "sign_scripts_only": ("nothing but scripts", "页面上只有脚本", "頁面上只有指令碼"),
    "sign_no_text": ("no visible text", "页面上没有可见文字", "頁面上沒有可見文字"),
    "sign_login_page": ("login page: title {value}", "登录页：标题“{value}”", "登入頁：標題「{value}」"),
    "sign_to_login": ("redirects to a login", "会转到登录页", "會轉到登入頁"),
    "sign_words": ("the words «{value}»", "出现“{value}”字样", "出現「{value}」字樣"),
    "sign_challenge": (
        "slider or JavaScript challenge",
        "滑块或 JavaScript 验证",
        "滑塊或 JavaScript 驗證",
    ),
    "sign_firewall": ("the cloud firewall's error page", "云防火墙的拦截页", "雲端防火牆的攔截頁"),
    "sign_js_challenge": ("JavaScript challenge", "JavaScript 验证", "JavaScript 驗證"),
    "sign_captcha": ("captcha", "验证码", "驗證碼"),
    "sign_login_form": ("a login form", "登录表单", "登入表單"),
    "sign_reload_script": (
        "only a script that sets a cookie or reloads",
        "只有设置 Cookie 或刷新页面的脚本",
        "只有設定 Cookie 或重新整理頁面的指令碼",
    ),
    # Why a search ended early
    "deadline": ("the deadline of {seconds:g} s was reached", "已到 {seconds:g} 秒的时限", "已到 {seconds:g} 秒的時限"),
    "blocked_in_a_row": (
        "the shop blocked {n} pages in a row; try again in {minutes} min, after {at}",
        "书店连续拦截了 {n} 页；请过 {minutes} 分钟再试（{at} 以后）",
        "書店連續攔截了 {n} 頁；請過 {minutes} 分鐘再試（{at} 以後）",
    ),
    "blocked_in_a_row_with": (
        "the shop blocked {n} pages in a row ({detail}); try again in {minutes} min, after {at}",
        "书店连续拦截了 {n} 页（{detail}）；请过 {minutes} 分钟再试（{at} 以后）",
        "書店連續攔截了 {n} 頁（{detail}）；請過 {minutes} 分鐘再試（{at} 以後）",
    ),
    "run_was_killed": ("the recorded run was killed", "所记录的那次运行被强行终止", "所記錄的那次執行被強制終止"),
    "search_ended": ("the search ended", "搜索已结束", "搜尋已結束"),
    "engine_closed": ("the engine was closed", "引擎已关闭", "引擎已關閉"),
    "interrupted": ("interrupted", "已中断", "已中斷"),
    "terminated": ("terminated", "已终止", "已終止"),
    "cancelled": ("cancelled", "已取消", "已取消"),
    # Failures of parsing, and events of its processes
    "parser_failed": ("the parser failed: {error}", "解析程序出错：{error}", "解析程式出錯：{error}"),
    "parser_died": ("the parse process crashed on this page twice", "解析进程两次在此页崩溃", "解析行程兩次在此頁當掉"),
    "parser_slow": ("parsing took longer than {seconds:g} s", "解析超过 {seconds:g} 秒", "解析超過 {seconds:g} 秒"),
    "parser_not_started": (
        "no parse process could be started: {error}",
        "无法启动解析进程：{error}",
        "無法啟動解析行程：{error}",
    ),
    "pool_closed": ("the parse pool was closed", "解析进程池已关闭", "解析行程池已關閉"),
    "executor_shut_down": ("the executor was shut down", "执行器已关闭", "執行器已關閉"),
    "executor_failed": ("the executor failed: {error}", "执行器出错：{error}", "執行器出錯：{error}"),
    "process_died": ("a parse process crashed", "一个解析进程崩溃", "一個解析行程當掉"),
    "page_slow": (
        "page {page} took longer than {seconds:g} s",
        "第 {page} 页超过 {seconds:g} 秒",
        "第 {page} 頁超過 {seconds:g} 秒",
    ),
}  # fmt: skip
"""English, Simplified and Traditional Chinese."""
