"""Words of author blocks: roles, countries and dynasties, and rules to tell one name from two."""

from __future__ import annotations

import re

__all__ = [
    "BODIES",
    "DYNASTIES",
    "FRONT_LABELS",
    "JOINTS",
    "LABELS",
    "NATIONS",
    "PRODUCERS",
    "ROLES",
    "SAME_ROLE",
    "SINGLE_IN_FRONT",
    "begins_another",
    "is_latin",
    "looks_chinese",
    "looks_foreign",
    "one_name",
    "two_names",
]

ROLES = frozenset(
    """
    著 译 编 绘 文 图 书 注 校 撰 作 评 审 序 选 讲 写 画 辑 疏 着 主编 副主编 总主编 执行主编 丛书主编
    本册主编 分册主编 本书主编 名誉主编 常务副主编 参编 编著
    编译 编写 编绘 编选 编撰 编纂 编注 编校 编文 编辑 编次 编剧 编导 编创 原著 原作 原编 原编者 著绘 绘著 著译
    著文 撰文 撰稿 绘图 绘画 插图 插画 配图 供图 制图 图文 文图 摄影 摄制 改编 改写 改绘 缩写 选编 选注 选译
    辑录 译注 译者 注译 译校 校译 校注 校订 校对 点校 点评 评注 评点 评译 评析 解读 解析 导读 注释 注解 注音
    笺注 集注 今译 今注 英译 翻译 审校 审订 审定 审译 主审 主讲 主撰 主笔 执笔 口述 讲述 讲解 整理 记录 修订
    增订 著者 作者 编者 绘者 著作 创作 组编 汇编 合著 合编 合译 续 原编 修订者 绘者 作绘者 校者 主编者 策划 出品
    发行 监制 制作 出版 顾问 推荐 朗读 配音 作序 题字 书写 手绘 漫画
    监修 主译 参译 总译 译审 编审 译著 撰著 译介 译写 编述 编集 编订 编制 汇校 校点 辑校 辑注 校释 集释 注疏 选释
    选评 赏析 详解 批注 述评 审阅 采写 撰写 绘制 拍摄 供稿 文字 供文 作词 作曲 编曲 词曲 演唱 演奏 朗诵 播讲 演播
    主播 导演 设计 封面设计 装帧设计 插画师 统筹 编委 责任编辑 执行编辑 特约编辑 总编 总编辑 副总主编 执行副主编
    分册副主编 总策划 总监制 总顾问 学术顾问 联合主编 联合出品 编委会主任 摄 纂
    脚本 作画 原画 采访 集解 疏证 通释 诵读 朗读者 撰稿人 主持 联合编著
    """.split()  # noqa: SIM905 (a table of words is read more easily than a hundred quoted strings)
)
"""The roles of contributors, as shops write them."""

SAME_ROLE = {
    "着": "著", "著者": "著", "作者": "著", "著作": "著", "译者": "译", "翻译": "译", "编者": "编", "绘者": "绘",
    "绘著": "著绘", "作绘者": "著绘", "校者": "校", "修订者": "修订", "主编者": "主编", "原作": "原著", "图文": "文图",
    "插画师": "插画",
}  # fmt: skip
"""Other spellings of a role; every other role is kept as written."""

FRONT_LABELS = ("总主编", "副主编", "执行主编", "主编", "编著", "作者", "译者", "编者", "著者", "绘者")
"""Roles that also occur in front of a name without a space: «主编张三»."""

SINGLE_IN_FRONT = frozenset("著译编绘")
"""Roles of one character that also occur in front of names: «译 李继宏»."""

LABELS = frozenset({"作者", "著者", "译者", "编者", "绘者", "作绘者", "校者", "原编者", "修订者", "主编者"})
"""Roles that occur both before and after the name: «译者 李继宏»."""

PRODUCERS = frozenset({"出品", "发行", "策划", "监制", "制作", "出版"})
"""Roles of companies."""

JOINTS = frozenset({"与", "和", "及", "and"})
"""Words between two names."""

BODIES = frozenset(
    {
        "教授",
        "副教授",
        "博士",
        "院士",
        "老师",
        "研究员",
        "主任医师",
        "编委会",
        "编写组",
        "项目组",
        "编辑部",
        "课题组",
        "团队",
        "工作室",
        "研究院",
        "编写委员会",
        "摄制组",
    }
)
"""Words at the end of an organization's or a person's name that are not names themselves."""

DYNASTIES = frozenset(
    """
    先秦 春秋 战国 秦 汉 西汉 东汉 三国 魏 蜀 吴 西晋 东晋 晋 南朝 南朝宋 南朝梁 北朝 北魏 北齐 隋 唐 五代 南唐
    北宋 南宋 宋 辽 金 元 明 清 近代 民国 当代 中国 中国台湾 中国香港 台湾 香港
    """.split()  # noqa: SIM905 (as above)
)
"""Entries for Chinese authors in place of a country."""

NATIONS = DYNASTIES | frozenset(
    """
    美 英 法 德 日 俄 苏 意 加 澳 奥 荷 比 韩 朝 印 西 葡 挪 瑞 丹 芬 匈 波 捷 希 土 以 埃 巴 墨 智 阿 哥 秘 新
    南 泰 越 爱 冰 菲 古 美国 英国 法国 德国 日本 俄国 俄罗斯 苏联 前苏联 意大利 加拿大 澳大利亚 奥地利 荷兰
    比利时 韩国 朝鲜 印度 西班牙 葡萄牙 挪威 瑞典 瑞士 丹麦 芬兰 匈牙利 波兰 捷克 捷克斯洛伐克 希腊 古希腊
    古罗马 罗马 土耳其 以色列 埃及 巴西 墨西哥 智利 阿根廷 哥伦比亚 秘鲁 南非 泰国 越南 印尼 印度尼西亚 新加坡
    新西兰 马来西亚 菲律宾 爱尔兰 冰岛 乌克兰 白俄罗斯 黎巴嫩 伊朗 尼日利亚 肯尼亚 爱沙尼亚 立陶宛 拉脱维亚
    罗马尼亚 保加利亚 塞尔维亚 克罗地亚 斯洛文尼亚 斯洛伐克 孟加拉 乌拉圭 古巴 卢森堡
    """.split()  # noqa: SIM905 (as above)
)
"""Countries and their substitutes, as shops write them in brackets."""

_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
    "余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
    "樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关"
    "苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿"
    "戚丘古米池滕晋苑邬臧畅宫来苟褚廉简娄盖符奚穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖冷卓花仇艾蓝"
    "都巩稽井练仲乐虞卞封竺原官楚佟栗匡宗应台巫鞠桑荆谌银扬明沙伏岑习胥保和蔺慕尚闻麦裘竹茅展怀丰皮钏肖付"
    "闫邰侣战"
)
_DOUBLE_SURNAMES = (
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "夏侯",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "司徒",
    "端木",
    "东方",
    "令狐",
    "南宫",
)

_SOUNDS = frozenset(
    "阿埃艾爱安昂奥巴白柏拜班邦宝保鲍贝本比彼毕边宾波玻伯博卜布查茨达大戴丹当道德登邓狄迪蒂笛丁杜顿多恩尔"
    "法凡方菲费芬丰佛夫弗福盖甘冈高戈哥歌格葛古瓜圭哈海汉豪赫黑亨洪胡华怀惠霍基吉加贾简杰金卡凯坎康考柯科"
    "克肯孔库夸奎昆拉腊莱赖兰朗劳勒雷黎里理利莉立丽连列琳留卢鲁露路伦罗洛吕马玛迈麦曼芒毛茅梅门蒙米密缅摩"
    "莫默木穆娜纳乃南瑙内尼妮涅宁纽努诺欧帕派潘庞佩彭皮珀菩蒲普奇齐契恰乔切钦琼丘屈让热日荣瑞若撒萨塞赛桑"
    "瑟森沙莎山绍舍申生圣施什史士舒朔斯思司丝索塔台泰坦汤唐陶特腾提廷亭通图吐托瓦旺威韦维魏温沃乌吾武希席"
    "夏肖谢辛欣兴休修逊雅亚延扬耶叶伊易因永尤约扎詹珍芝治兹佐茜笙霞伍坡翰绥蕾薇蓓蜜桥凰柱斐弥阶枚娅婕缇翠"
    "蕨茵祖喀缪芙劫仑凌埔孟儒廓拿捷隆嘉寇蔻刚贡姆欧歇坚笠迦亥萝泽伽竺纶"
)
"""Characters that transcribe foreign sounds, according to the usual transcription tables."""

_CJK = re.compile(r"[\u3400-\u9fff]")
_DOTTED = re.compile(r"[·・•‧.?]")
_INITIAL = re.compile(r"^[A-Z][.．]")
_INITIALS = re.compile(r"^(?:[A-Za-z]\.?-?)+$")


def is_latin(text: str) -> bool:
    """Return True if `text` has letters and no Chinese character."""
    return _CJK.search(text) is None and any(char.isalpha() for char in text)


def looks_chinese(text: str) -> bool:
    """Return True for a possible Chinese name: a surname and one or two characters (two or three, if double)."""
    return (len(text) in {2, 3} and text[0] in _SURNAMES) or (
        len(text) in {3, 4} and text.startswith(_DOUBLE_SURNAMES)
    )


def looks_foreign(text: str) -> bool:
    """Return True for a foreign name: Latin, dotted, or made mostly of characters that transcribe sounds."""
    if is_latin(text) or _DOTTED.search(text) is not None:
        return True
    cjk = _CJK.findall(text)
    return len(cjk) >= 2 and sum(char in _SOUNDS for char in cjk) >= 0.6 * len(cjk)


_JOINED = re.compile(r"(.{2,}?)[与和及](.{2,})")


def two_names(text: str) -> tuple[str, str] | None:
    """Return the names that a word joins, «A·B与C·D» or «张三和李四»; None for one name («稻盛和夫»)."""
    if "和" not in text and "与" not in text and "及" not in text:
        return None
    match = _JOINED.fullmatch(text)
    if match is None:
        return None
    first, second = match.groups()
    both_dotted = _DOTTED.search(first) is not None and _DOTTED.search(second) is not None
    return (first, second) if both_dotted or (looks_chinese(first) and looks_chinese(second)) else None


def one_name(name: list[str], word: str, *, foreign: bool) -> bool:
    """Return True if `word`, separated by a space, continues `name`; `foreign`: a nationality was given.

    Latin words continue a name («Mark Lutz»), and so do a transcription after a Latin name («Al Sweigart 斯维加特»),
    initials and single characters («E T 西顿», «维 比安基») and transcribed words without a dot («马克 吐温»). Chinese
    names do not («王晓雷 陈巍卿»), nor do dotted ones, which are complete («亨利·基辛格 埃里克·施密特»).
    """
    last = name[-1]
    if last.endswith((".", "．")) or _INITIAL.match(word):
        return True
    if is_latin(last):
        if is_latin(word):
            return True
        initials = all(_INITIALS.match(part) and len(part) <= 3 for part in name)
        return initials or not (looks_chinese(word) or _DOTTED.search(word))
    if is_latin(word):  # the original name after its transcription, or initials
        foreign = (foreign and len(name) > 1) or (looks_foreign(last) and not looks_chinese(last))
        return last[-1].isascii() or len(word) <= 2 or foreign
    if len(last) == 1 or len(word) == 1:
        return True
    if _DOTTED.search(last) or _DOTTED.search(word):
        return False
    if looks_foreign(last) and looks_foreign(word):
        return not (looks_chinese(last) and looks_chinese(word)) or foreign
    return foreign and not looks_chinese(word)


def begins_another(name: list[str], word: str) -> bool:
    """Return True if a name has both its forms, and `word` is in the script of the first: it begins another name.

    «Micha Gorelick 戈雷利克 Ian Ozsvald»: initials do not count.
    """
    scripts = [is_latin(part) for part in name if not _INITIALS.match(part) or len(part) > 3]
    if scripts.count(True) < 2 or scripts[0] == scripts[-1] or len(word) == 1 or _INITIAL.match(word):
        return False
    return is_latin(word) == scripts[0]
