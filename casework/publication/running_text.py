"""Who is named in running text (行文) that is to be public, though no field of the case has him.

A text says of somebody who he is: 其员工李四光, 李四先生, 李四（男，…）. Such words are taken for names by rule, and
masked; that one of them is none a person says, with a reason, and a second one looks at it (docs/publication.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_FAMILY: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付傅方邹熊"
    "白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文樊兰殷施洪翟安颜倪牛温芦季俞章鲁葛伍申尤毕聂柴焦柳邢岳齐梅庄辛管"
    "祝左涂谷祁舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位霍翁隋植甘景单包司柏宁柯阮桂闵解强华车冉房边阎"
)
_TWO: Final = "欧阳|太史|端木|上官|司马|东方|独孤|南宫|夏侯|诸葛|尉迟|皇甫|公孙|慕容|令狐|钟离|宇文|长孙|司徒|司空"
_GIVEN: Final = "[\u3400-\u9fff]"
_NAME: Final = f"(?:(?:{_TWO}){_GIVEN}{{1,2}}?|[{_FAMILY}]{_GIVEN}{{1,2}}?)"
_WHO: Final = (
    "(?:当事人|行为人)[:：]|被询问人|法定代表人|委托代理人|代理人|负责人|经营者|经营人|业主|房主|车主|户主|店主|店长|老板|摊主|司机|驾驶员|驾驶人|"
    "见证人|证人|举报人|投诉人|联系人|受送达人|签收人|代收人|员工|雇员|工人|店员|同事|邻居|村民|居民|市民|女士|男子|女子|家属|"
    "妻子|丈夫|父亲|母亲|儿子|女儿|哥哥|弟弟|姐姐|妹妹|之妻|之夫|之子|之女|姓名为|姓名|名为|叫"
)
_AFTER: Final = (
    r"[\s，。、；：！？,.;:!?（）()“”\"《》【】\[\]]|$|先生|女士|同志|等|某|在|于|与|和|及|或|的|将|把|被|擅自|未|已|曾|因|为|系|是|向|到场|陪同|"
    "拒|签|代收|代表|现场|承认|陈述|称|实施|占|倾倒|堆放|罚|作出|不|无|身份证|电话|住|经营|驾驶|雇|违反|所|参与|改口|表示|说|提供|指认|证实|"
    "协助|操作|负责|搬|拆|搭|摆|卖|售|停放|停车|装|运|丢|扔|焚|烧|张贴|散发|使用|用|从|对|给|让|请|受|以|按|经|至|到|去|进|出|辱骂|殴打|阻挠|妨碍|"
    "拦|推|撕|毁|损|破坏|侵占|私自|多次|再次|仍|又|也|均|都|就|还|随后|当场|自行|主动|共同|一起|一同|[一二两三四五]人|本人|有|可|应|须|自|同意|要求"
)
_SAID: Final = re.compile(f'(?:{_WHO})[:：“"]?({_NAME}(?:[、和与及]{_NAME})*)(?={_AFTER})')
_BETWEEN: Final = re.compile("[、和与及]")
_ONE: Final = re.compile(_NAME)
_ADDRESSED: Final = re.compile(f"({_NAME})(?=先生|女士|同志)")
_DESCRIBED: Final = re.compile(
    rf"({_NAME})(?=[（(，,]\s*(?:男|女|身份证|公民身份|居民身份|电话|手机|现年|\d{{4}}年\d+月\d+日(?:出)?生))"
)
_NO_NAMES: Final = re.compile(
    "关闭|任意|温和|方便|方式|文明|安全|施工|施放|关于|成立|管理|解除|强制|车辆|房屋|金额|白天|高空|常年|许可|任何|应当|向上|单位|时间|马路|边缘|于本|于当|"
    "向本|向社|安装|查看|查处|解释|包括|位于|成员|文件|石材|江边|万元|严重|易燃|章程|游客|项目|席位"
)
"""What begins like a name, and is a word."""


def persons_spoken_of(text: str) -> tuple[str, ...]:
    """What reads like the name of a person in a text, each once, in its order; 张某 and 张先生 are none."""
    found = dict.fromkeys(_found(text))
    return tuple(name for name in found if len(name) > 1 and not _NO_NAMES.match(name) and name[1] not in "某先女同")


def _found(text: str) -> Iterator[str]:
    for match in _SAID.finditer(text):
        # 张和平 is one, 王五和赵六 are two.
        yield from [match[1]] if _ONE.fullmatch(match[1]) else _BETWEEN.split(match[1])
    for pattern in (_ADDRESSED, _DESCRIBED):
        yield from (match[1] for match in pattern.finditer(text))
