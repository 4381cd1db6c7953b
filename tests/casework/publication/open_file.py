"""A catalogue of what is public beforehand, as a district writes it."""

from __future__ import annotations

OPEN = """\
jurisdiction: CN-CQ-jiangcheng-open
version: 1
title: {zh: 江城区城市管理执法事前公开, en: Jiangcheng city management beforehand}
valid_from: 2026-01-01
sections:
  subject:
    - {title: 江城区城市管理局, text: 江城区城市管理综合行政执法主管部门}
  people:
    - {title: 执法人员, text: 见执法人员岗位信息}
  duties:
    - {title: 市容环境卫生, text: 对占道经营、乱倒垃圾等行为进行监督检查}
  powers:
    - {title: 行政处罚权, text: 警告、罚款、没收违法所得}
  basis:
    - {title: 法律, text: 中华人民共和国行政处罚法}
    - {title: 行政法规, text: 城市市容和环境卫生管理条例}
  procedure:
    - {title: 普通程序, text: 立案、调查取证、审核决定、送达执行}
  remedies:
    - {title: 行政复议, text: 自知道决定之日起六十日内申请}
  checks:
    - {title: 户外广告设置, text: 每年抽查两次}
  guide:
    - {title: 投诉举报, text: 工作日 9:00 至 17:00 到办事大厅}
  flow:
    - title: 普通程序流程
      text: |
        发现线索
        立案审批
        调查取证
        法制审核
        作出决定
"""
