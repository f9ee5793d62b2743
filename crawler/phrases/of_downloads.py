"""Texts on failed requests, on robots.txt, and on changed limits of a host: one text per code, in three languages."""

from __future__ import annotations

from typing import Final

__all__ = ["DOWNLOADS"]

DOWNLOADS: Final[dict[str, tuple[str, str, str]]] = {
    # Connections and answers
    "no_address": ("not an address that can be requested: {url}", "无法访问的地址：{url}", "無法存取的位址：{url}"),
    "not_whole_in_time": (
        "response not complete after {seconds:.3g} s",
        "{seconds:.3g} 秒内没有收完响应",
        "{seconds:.3g} 秒內沒有收完回應",
    ),
    "no_name": ("no address found for {host}", "找不到 {host} 的地址", "找不到 {host} 的位址"),
    "no_tls": (
        "no secure connection to {host}: {error}",
        "无法与 {host} 建立安全连接：{error}",
        "無法與 {host} 建立安全連線：{error}",
    ),
    "connect_slow": ("no connection in {seconds:g} s", "{seconds:g} 秒内没有连上", "{seconds:g} 秒內沒有連上"),
    "silent_for": ("silent for {seconds:g} s", "{seconds:g} 秒没有收到数据", "{seconds:g} 秒沒有收到資料"),
    "timed_out": ("timed out", "超时", "逾時"),
    "not_connected": (
        "no connection to {host}: {error}",
        "无法连接 {host}：{error}",
        "無法連線到 {host}：{error}",
    ),
    "broken_off": ("the response broke off or cannot be decompressed", "响应中断或无法解压", "回應中斷或無法解壓縮"),
    "connection_closed": ("the connection was closed: {error}", "连接被关闭：{error}", "連線被關閉：{error}"),
    "not_http": ("not an HTTP response: {error}", "响应不符合 HTTP：{error}", "回應不符合 HTTP：{error}"),
    "body_too_large": (
        "the response is larger than {size:.3g} MiB",
        "响应超过 {size:.3g} MiB",
        "回應超過 {size:.3g} MiB",
    ),
    "too_many_members": (
        "the response has more than {n} compressed parts",
        "响应由超过 {n} 段压缩数据组成",
        "回應由超過 {n} 段壓縮資料組成",
    ),
    "compressed_twice": (
        "the response is compressed more than once: {codings}",
        "响应经过多次压缩：{codings}",
        "回應經過多次壓縮：{codings}",
    ),
    "foreign_coding": (
        "the response is compressed with {coding}, which was not requested",
        "响应用了没有要求的压缩方式 {coding}",
        "回應用了沒有要求的壓縮方式 {coding}",
    ),
    # Attempts
    "rest_too_long": (
        "the shop asks to wait {asked:,.0f} s, longer than --max-wait {limit:g}",
        "书店要求等待 {asked:,.0f} 秒，超过 --max-wait {limit:g}",
        "書店要求等待 {asked:,.0f} 秒，超過 --max-wait {limit:g}",
    ),
    "no_time_left": (
        "no time left for another attempt (limit {seconds:g} s)",
        "{seconds:g} 秒的时限已用完，不再重试",
        "{seconds:g} 秒的時限已用完，不再重試",
    ),
    "redirected_and": ("redirected to {url}: {words}", "被转到 {url}：{words}", "被轉到 {url}：{words}"),
    # Proxies
    "proxy": ("the proxy", "代理", "代理伺服器"),
    "proxy_named": ("the proxy {name}", "代理 {name}", "代理伺服器 {name}"),
    "proxy_no_name": ("no address found for {proxy}", "{proxy}：找不到地址", "{proxy}：找不到位址"),
    "proxy_no_tls": (
        "no secure connection to {proxy}: {error}",
        "{proxy}：无法建立安全连接：{error}",
        "{proxy}：無法建立安全連線：{error}",
    ),
    "proxy_tls_failed": ("TLS failed", "TLS 失败", "TLS 失敗"),
    "proxy_not_connected": (
        "no connection to {proxy}: {error}",
        "{proxy}：无法连接：{error}",
        "{proxy}：無法連線：{error}",
    ),
    "proxy_no_address_works": ("every address failed", "所有地址都连不上", "所有位址都連不上"),
    "proxy_wants_credentials": (
        "the proxy requires authentication: {answer}; add the user name and password to its URL",
        "代理要求身份验证：{answer}；请在其 URL 中写明用户名和密码",
        "代理伺服器要求驗證身分：{answer}；請在其 URL 中寫明使用者名稱和密碼",
    ),
    "proxy_refused": ("the proxy refused: {answer}", "代理拒绝了请求：{answer}", "代理伺服器拒絕了請求：{answer}"),
    "proxy_request_impossible": (
        "cannot send requests to the proxy; check its URL",
        "无法向代理发出请求，请检查其 URL",
        "無法向代理伺服器發出請求，請檢查其 URL",
    ),
    "proxy_unsupported": (
        "{scheme} proxies are not supported; give an http:// proxy with --proxy",
        "不支持 {scheme} 代理：请用 --proxy 指定 http:// 代理",
        "不支援 {scheme} 代理伺服器：請用 --proxy 指定 http:// 代理伺服器",
    ),
    "proxy_url_wrong": (
        (
            "the proxy (--proxy, HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) must be an http:// or https:// URL with a host; "
            "write special characters in the user name and password as %XX"
        ),
        (
            "代理（--proxy、HTTPS_PROXY、HTTP_PROXY、ALL_PROXY）必须是主机的 http:// 或 https:// URL；"
            "用户名和密码中的特殊字符请写成 %XX"
        ),
        (
            "代理伺服器（--proxy、HTTPS_PROXY、HTTP_PROXY、ALL_PROXY）必須是主機的 http:// 或 https:// URL；"
            "使用者名稱和密碼中的特殊字元請寫成 %XX"
        ),
    ),
    "proxy_credentials_no_text": (
        "the proxy's user name and password must be text",
        "代理的用户名和密码必须是文字",
        "代理伺服器的使用者名稱和密碼必須是文字",
    ),
    # Forbidden addresses
    "address_is": ("{address} is {kind}", "{address} 是{kind}", "{address} 是{kind}"),
    "address_stands_for": (
        "{host} means {address}, which is {kind}",
        "{host} 即 {address}，是{kind}",
        "{host} 即 {address}，是{kind}",
    ),
    "host_has_address": (
        "{host} resolves to a forbidden address: {words}",
        "{host} 的地址不可访问：{words}",
        "{host} 的位址不可存取：{words}",
    ),
    "and_more_such": (
        "{words} (and {n} more like it)",
        "{words}（还有 {n} 个同类地址）",
        "{words}（還有 {n} 個同類位址）",
    ),
    "address_without_host": ("an address without a host", "缺少主机名的地址", "缺少主機名稱的位址"),
    "address_local_name": ("a name of the local network", "局域网内的名称", "區域網路內的名稱"),
    "address_own": ("this machine", "本机地址", "本機位址"),
    "address_private": ("in a private network", "私有网络的地址", "私人網路的位址"),
    "address_link_local": ("a link-local address", "链路本地（link-local）地址", "連結本地（link-local）位址"),
    "address_metadata": (
        "a cloud provider's metadata address, which holds credentials",
        "云主机元数据与凭据的地址",
        "雲端主機中繼資料與憑證的位址",
    ),
    "address_unspecified": (
        "an unspecified address, which belongs to no host",
        "不属于任何主机的地址（unspecified）",
        "不屬於任何主機的位址（unspecified）",
    ),
    "address_multicast": ("a multicast address", "组播地址（multicast）", "群播位址（multicast）"),
    "address_reserved": (
        "a reserved address, which belongs to no host",
        "保留地址，互联网上没有这样的主机",
        "保留位址，網際網路上沒有這樣的主機",
    ),
    "address_documentation": (
        "an example address from documentation, which belongs to no host",
        "文档示例用的地址，没有对应的主机",
        "文件範例用的位址，沒有對應的主機",
    ),
    "address_fake_ip": (
        (
            "in the range that proxies such as Clash use for made-up addresses (fake-IP, TUN mode): give the proxy "
            "with --proxy http://127.0.0.1:PORT, or remove the shop's host from its fake-IP list"
        ),
        (
            " Clash 等代理在 fake-IP（TUN）模式下虚构的地址：请用 --proxy http://127.0.0.1:PORT 指定代理，"
            "或把书店的域名从 fake-IP 列表中排除"
        ),
        (
            " Clash 等代理工具在 fake-IP（TUN）模式下虛構的位址：請用 --proxy http://127.0.0.1:PORT 指定代理伺服器，"
            "或把書店的網域從 fake-IP 清單中排除"
        ),
    ),
    "address_provider": (
        "in an internet provider's internal network (shared address space)",
        "运营商内部网络的地址（shared address space）",
        "電信業者內部網路的位址（shared address space）",
    ),
    "address_broadcast": ("a broadcast address", "广播地址（broadcast）", "廣播位址（broadcast）"),
    "address_none": ("not an IP address", "无效的 IP 地址", "無效的 IP 位址"),
    "address_embedded": (
        "the IPv6 form of {address}, which is {kind}",
        " {address} 的 IPv6 写法，后者是{kind}",
        " {address} 的 IPv6 寫法，後者是{kind}",
    ),
    # robots.txt
    "robots_not_had": (
        "robots.txt could not be fetched: {why}",
        "无法取得 robots.txt：{why}",
        "無法取得 robots.txt：{why}",
    ),
    "robots_denies": ("robots.txt disallows it", "robots.txt 不允许抓取", "robots.txt 不允許抓取"),
    "host_blocks": (
        "{host} blocked {n} requests in a row: nothing is sent there for {seconds:.0f} s",
        "{host} 连续拒绝了 {n} 次请求：{seconds:.0f} 秒内不再发送请求",
        "{host} 連續拒絕了 {n} 次請求：{seconds:.0f} 秒內不再傳送請求",
    ),
    "host_silent": (
        "{host} gave no response to {n} targets in a row: nothing more is sent there",
        "{host} 连续 {n} 个网址没有响应：不再发送请求",
        "{host} 連續 {n} 個網址沒有回應：不再傳送請求",
    ),
    "robots_denies_by": (
        "robots.txt disallows it: {line}",
        "robots.txt 不允许抓取：{line}",
        "robots.txt 不允許抓取：{line}",
    ),
    "robots_delay_too_long": (
        (
            "robots.txt asks for {delay:,.10g} s between requests, more than ten times --max-wait {limit:g}; raise "
            "it to accept that delay"
        ),
        "robots.txt 要求两次请求间隔 {delay:,.10g} 秒，超过 --max-wait {limit:g} 的十倍：如可接受，请调高该值",
        "robots.txt 要求兩次請求間隔 {delay:,.10g} 秒，超過 --max-wait {limit:g} 的十倍：如可接受，請調高該值",
    ),
    "robots_delay_cut": (
        "robots.txt asks for more than a day between requests; one day is used",
        "robots.txt 要求的请求间隔超过一天，按一天计",
        "robots.txt 要求的請求間隔超過一天，以一天計",
    ),
    "robots_old_copy": (
        "robots.txt could not be fetched: {why}; using the copy of {at}",
        "无法取得 robots.txt：{why}；沿用 {at} 的版本",
        "無法取得 robots.txt：{why}；沿用 {at} 的版本",
    ),
    "robots_redirects": (
        "robots.txt redirects to {url}, which is not followed; treated as having no robots.txt",
        "robots.txt 转到 {url}，未跟随，视为没有 robots.txt",
        "robots.txt 轉到 {url}，未跟隨，視為沒有 robots.txt",
    ),
    "robots_too_large": (
        "robots.txt is larger than {size} KiB; the rest is ignored",
        "robots.txt 超过 {size} KiB，其余部分忽略",
        "robots.txt 超過 {size} KiB，其餘部分忽略",
    ),
    "robots_not_kept": (
        "robots.txt could not be saved in {folder}: {error}",
        "无法在 {folder} 中保存 robots.txt：{error}",
        "無法在 {folder} 中儲存 robots.txt：{error}",
    ),
    # Why the limits of a host changed
    "answers_at_once": (
        "{n} responses at {at_once} requests at a time",
        "同时 {at_once} 个请求，已有 {n} 次成功",
        "同時 {at_once} 個請求，已有 {n} 次成功",
    ),
    "refused_at_once": (
        "{n} of {all} simultaneous requests were refused",
        "同时 {all} 个请求中有 {n} 个被拒绝",
        "同時 {all} 個請求中有 {n} 個被拒絕",
    ),
    "limits_rate": ("the host limits requests per second", "对方限制每秒请求数", "對方限制每秒請求數"),
    "answers_at_gap": (
        "{n} responses at one request every {gap:.3g} s",
        "每 {gap:.3g} 秒一个请求，已有 {n} 次成功",
        "每 {gap:.3g} 秒一個請求，已有 {n} 次成功",
    ),
    "were_refused": ("requests were refused", "请求被拒绝", "請求被拒絕"),
    "gap_no_help": (
        "refusals do not depend on the gap",
        "被拒绝与请求间隔无关",
        "被拒絕與請求間隔無關",
    ),
    "refused_after": ("a refusal after {n} responses", "成功 {n} 次后被拒绝", "成功 {n} 次後被拒絕"),
    "answer_after": ("a response after {n} refusals in a row", "连续被拒绝 {n} 次后成功", "連續被拒絕 {n} 次後成功"),
    "nothing_served": ("no response for {seconds:g} s", "{seconds:g} 秒内没有任何响应", "{seconds:g} 秒內沒有任何回應"),
    "refused_in_a_row": ("requests were refused in a row", "请求连续被拒绝", "請求連續被拒絕"),
}  # fmt: skip
"""English, Simplified and Traditional Chinese."""
