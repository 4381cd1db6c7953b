"""What decisions say in their words: honest texts, which pass, and texts that order what the decision does not name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.words.decisions import MEASURES

SUMS = {6_000_000: "六万", 20_000: "二百"}


def words_of(measures: Sequence[str], amount_fen: int | None) -> str:
    """What a decision with these measures says, where a test says nothing of its own."""
    if tuple(measures) == ("warning",):
        return "责令改正，予以警告"
    words = "，".join(MEASURES.get(each, each) for each in measures)
    return words if amount_fen is None else f"{words}{SUMS.get(amount_fen, f'{amount_fen / 100:.2f}')}元"


@dataclass(frozen=True)
class Words:
    content: str
    measures: tuple[str, ...] = ("no_penalty",)
    amount_fen: int | None = None
    problem: str | None = None


FINE = ("fine",)
CORRECTION = ("correction",)
BOTH = ("no_penalty", "correction")

HONEST = (
    Words("不予行政处罚"),
    Words("不予行政处罚，无须缴纳罚款，请引以为戒"),
    Words("不予处罚，责令当场改正", BOTH),
    Words(
        "依据《重庆市市容环境卫生管理条例》第五十条可处五千元以下罚款，因首违且轻微，决定不予行政处罚",
    ),
    Words(
        "《重庆市城市管理条例》第三十二条规定，由城市管理部门没收违法所得，可以并处二千元以上二万元以下的罚款。"
        "当事人系初次违法，危害后果轻微并及时改正，依据《中华人民共和国行政处罚法》第三十三条第一款，决定不予行政处罚。"
    ),
    Words("当事人违法行为轻微，免予处罚，并予以批评教育"),
    Words("不予罚款，不予没收占道物品", BOTH),
    Words("不予罚款、没收，退还扣押的物品"),
    Words("当事人无主观过错，依法不予行政处罚，解除对六只燃气瓶的扣押"),
    Words("责令三日内改正；逾期不改正的，将依法处以罚款", CORRECTION),
    Words("责令限期改正。逾期不改正的，依据《城镇燃气管理条例》第四十九条可处一万元以下罚款", CORRECTION),
    Words("责令限期清除乱张贴的小广告", CORRECTION),
    Words("责令立即停止占道经营行为，清理现场垃圾", CORRECTION),
    Words("责令立即关闭燃气阀门并整改", CORRECTION),
    Words("责令自行拆除超出门窗的广告牌", CORRECTION),
    Words("责令十五日内补缴城市生活垃圾处置费三百元", CORRECTION),
    Words("当事人已补缴垃圾处置费500元，决定不予行政处罚"),
    Words("当事人曾因占道经营被罚款二百元，此次系受托看管，无违法事实，不予行政处罚"),
    Words("当事人违法所得三百元已全部退还，决定不予行政处罚"),
    Words("该店已自行停业，危害后果轻微，不予行政处罚"),
    Words("原拟处罚款，经复核当事人申辩成立，决定不予行政处罚"),
    Words("依据《罚款决定与罚款收缴分离实施办法》办理，不予处罚"),
    Words("拆除围挡，恢复绿地300平方米", CORRECTION),
    Words("罚款人民币六万元", FINE, 6_000_000),
    Words("罚款人民币陆万圆整（￥60,000.00）", FINE, 6_000_000),
    Words(
        "处罚款6万元，限收到本决定书之日起十五日内缴至指定银行；逾期不缴纳的，每日按罚款数额的百分之三加处罚款",
        FINE,
        6_000_000,
    ),
    Words("没收违法所得十二万元，并处罚款六万元", ("fine", "confiscation"), 18_000_000),
    Words("当事人违法所得三十万元另案处理，罚款六万元", FINE, 6_000_000),
    Words("依据《重庆市城市管理条例》第五十条可处十万元以下罚款，决定处罚款二百元", FINE, 20_000),
    Words("依据该条例可处五万元以上五十万元以下罚款，本机关决定从轻，罚款五万元", FINE, 5_000_000),
    Words("给予警告", ("warning",)),
    Words("责令停产停业三十日", ("business_suspended",)),
    Words("吊销《燃气经营许可证》", ("licence_revoked",)),
    Words("暂扣道路运输许可证三十日", ("licence_suspended",)),
    Words("降低资质等级为二级", ("licence_suspended",)),
    Words("责令关闭该加工点", ("closure",)),
    Words("责令限期拆除违法建筑八十平方米", ("demolition_ordered",)),
    Words("加处罚款一百元", ("additional_fine",), 10_000),
    Words("扣押违规存放的燃气瓶六只", ("seizure",)),
    Words("因当事人已停止营业并关闭店面，不予处罚"),
    Words("依据裁量基准应处3000元以上7000元以下罚款，因首违，不予处罚"),
    Words("不予行政处罚。如不服本决定，可在六十日内向区人民政府申请行政复议"),
    Words("合并处罚：占道经营罚款500元，乱倒垃圾罚款300元，合计罚款800元", FINE, 80_000),
    Words("每平方米处以50元罚款，共100平方米，计罚款5000元", FINE, 500_000),
    Words("按工程造价120万元的百分之五处罚款6万元", FINE, 6_000_000),
    Words("代履行清除建筑垃圾，费用3000元由当事人缴纳", ("substitute_performance",)),
    Words("当事人因另案已被公安机关行政拘留，本案不予处罚"),
)

EVASIONS = (
    Words("罚款六十万元", problem="unnamed_words"),
    Words("罚款60万元，责令改正", BOTH, problem="unnamed_words"),
    Words("处以６０００００元罚款", CORRECTION, problem="unnamed_words"),
    Words("罚 款 六 十 万 元", problem="unnamed_words"),
    Words("罚·款-六*十*万*元", problem="unnamed_words"),
    Words("罚，款六十万元", problem="unnamed_words"),
    Words("罚\u200b款\u2060六十万元", problem="unnamed_words"),
    Words("罚\n款六十万元", problem="unnamed_words"),
    Words("罰款陸拾萬圓整", problem="unnamed_words"),
    Words("罸欵陸拾萬圓整", problem="unnamed_words"),
    Words("不予行政处罚。另处罚款六十万元", problem="unnamed_words"),
    Words("不予处罚款六十万元", problem="unnamed_words"),
    Words("不得不罚款六十万元", problem="unnamed_words"),
    Words("不予免除罚款六十万元", problem="unnamed_words"),
    Words("并非不予处罚，罚款照缴", problem="unnamed_words"),
    Words("依据《城镇燃气管理条例》第五十条，罚款六十万元", problem="unnamed_words"),
    Words("依据《城镇燃气管理条例》第五十条，可处罚款六十万元，限十五日内缴清", problem="unnamed_sum"),
    Words("依据《城镇燃气管理条例》第五十条，可处以下罚款：陆拾万元", problem="unnamed_sum"),
    Words("依据《城镇燃气管理条例》第五十条，吊销燃气经营许可证", problem="unnamed_words"),
    Words("依据《城镇燃气管理条例》可处一万元以下罚款，本机关决定吊销燃气经营许可证", problem="unnamed_words"),
    Words("《罚款六十万元决定》", problem="unnamed_words"),
    Words("责令三日内改正，逾期不改正的，罚款六十万元", CORRECTION, problem="unnamed_words"),
    Words("责令三日内改正，逾期不改正的，将处罚款六十万元", CORRECTION, problem="unnamed_sum"),
    Words("限十五日内将人民币六十万元缴纳至指定账户", CORRECTION, problem="unnamed_sum"),
    Words("缴纳陆拾万元", CORRECTION, problem="unnamed_sum"),
    Words("罚六十万元", problem="unnamed_sum"),
    Words("处人民币60万元", problem="unnamed_sum"),
    Words("给予六十万元的经济处罚", problem="unnamed_sum"),
    Words("f罚f款60万元", problem="unnamed_words"),
    Words("关闭该店", CORRECTION, problem="unnamed_words"),
    Words("责令其停止一切生产经营活动", CORRECTION, problem="unnamed_words"),
    Words("撤销不予处罚的决定，改为罚款60万元", problem="unnamed_words"),
    Words("曾被告知，罚款六十万元", problem="unnamed_words"),
    Words("没收违法所得", problem="unnamed_words"),
    Words("罚没六十万元", problem="unnamed_words"),
    Words("責令停產停業三十日", CORRECTION, problem="unnamed_words"),
    Words("停业整顿三个月", CORRECTION, problem="unnamed_words"),
    Words("吊 销 营 业 执 照", CORRECTION, problem="unnamed_words"),
    Words("暫扣許可證六個月", CORRECTION, problem="unnamed_words"),
    Words("责令关闭该店", CORRECTION, problem="unnamed_words"),
    Words("降低资质等级", CORRECTION, problem="unnamed_words"),
    Words("责令限期拆除违法建筑", CORRECTION, problem="unnamed_words"),
    Words("予以警告", problem="unnamed_words"),
    Words("行政拘留十日", ("fine",), 20_000, "detention"),
    Words("拘畱十日", ("warning",), None, "detention"),
    Words("罚款六十万元", FINE, 20_000, "larger_sum"),
    Words("罚款人民币（大写）陆拾万元整", FINE, 20_000, "larger_sum"),
    Words("罚款¥600000", FINE, 20_000, "larger_sum"),
    Words("罚款60w", FINE, 20_000, "larger_sum"),
    Words("罚款二百元。六十万元于十五日内缴至指定账户", FINE, 20_000, "larger_sum"),
    Words("罚款600,000.00元", FINE, 20_000, "larger_sum"),
    Words("罚款６００　０００元", FINE, 20_000, "larger_sum"),
    Words("罚款：0.6百万元", FINE, 20_000, "larger_sum"),
    Words("处六十万元罚款", FINE, 20_000, "larger_sum"),
    Words("罚款二百元，另没收违法所得", FINE, 20_000, "unnamed_words"),
    Words("罚款200元，责令停业整顿", FINE, 20_000, "unnamed_words"),
    Words("没收违法所得六十万元", ("confiscation",), 20_000, "larger_sum"),
)
