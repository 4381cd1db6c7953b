"""Words of recordings: on their way in, what they are, what was made of them, and their place in a case."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

UPLOAD_STATES: Mapping[str, str] = {
    "open": mark("正在上传"),
    "finished": mark("等待封存"),
    "sealed": mark("已封存，等待回执"),
    "receipted": mark("已签发回执"),
    "failed": mark("未能封存"),
    "terminated": mark("已取消"),
    "expired": mark("已过期"),
}
MEDIA_KINDS: Mapping[str, str] = {
    "video": mark("录像"),
    "audio": mark("录音"),
    "still": mark("照片"),
    "track": mark("位置轨迹文件"),
    "none": mark("其他文件"),
}
MEDIA_STATES: Mapping[str, str] = {
    "intact": mark("完整"),
    "opens": mark("可打开，未全程解码"),
    "damaged": mark("有损坏"),
    "unreadable": mark("无法读取"),
}
TRACK_KINDS: Mapping[str, str] = {
    "video": mark("画面"),
    "audio": mark("声音"),
    "data": mark("数据"),
    "subtitle": mark("字幕"),
    "other": mark("其他"),
}
DECODED_STATES: Mapping[str, str] = {
    "intact": mark("完整"),
    "damaged": mark("有损坏"),
    "not_decoded": mark("未能全程解码"),
}
MEDIA_REASONS: Mapping[str, str] = {
    "empty_file": mark("文件为空"),
    "not_media": mark("不是任何已知的音像格式"),
    "format_refused": mark("该格式不在允许打开的范围内"),
    "no_streams": mark("文件中没有音像内容"),
    "not_probed_in_time": mark("检查超时"),
    "probe_stopped": mark("检查中断：文件超出了允许的限度"),
    "moov_missing": mark("缺少索引：录制可能被突然中断"),
    "ends_early": mark("文件不完整：末尾缺失"),
    "frames_missing": mark("缺少部分画面"),
    "no_decodable_frame": mark("没有可以解码的画面"),
    "decoder_complained": mark("解码时发现错误"),
    "index_unmet": mark("索引列出的部分画面或声音已不在原处"),
    "fragments_broken": mark("分段之间有一处不是录像数据，播放器到此为止；其后的分段仍在文件中"),
    "time_missing": mark("文件声明的时长多于其中实有的画面和声音"),
    "zero_filled": mark("部分数据被零填充"),
    "trailing_bytes": mark("文件末尾附有不属于音像的数据"),
    "no_decoder": mark("本系统没有此编码的解码器，其他软件可能可以播放"),
    "picture_too_large": mark("照片的像素数超出本系统解码的上限，其他软件可能可以打开"),
    "several_pictures": mark("有多幅画面先后相接，只检查了开头几幅"),
    "clock_jumps": mark("录像内的时间有跳变：前后各段并不连续"),
    "edit_hides": mark("原文件的剪辑表隐去了一部分录像：副本中全部可见"),
    "second_file": mark("文件后部或保留空间内另有一份音像文件，副本中可能看不到"),
    "unclaimed_bytes": mark("文件内有大量数据不属于任何一路画面或声音，播放时看不到"),
    "further_pictures": mark("文件中有多路画面，副本只显示第一路"),
    "further_sounds": mark("文件中有多路声音，副本只有第一路"),
    "attached_files": mark("文件内附有其他文件，播放时看不到，副本中也没有"),
    "reading_stopped": mark("文件内的元数据未能读完"),
    "parser_failed": mark("检查程序无法解析此文件"),
    "not_a_moving_picture": mark("不是活动画面"),
    "no_picture": mark("没有画面"),
    "reference_needed": mark("需要同一执法记录仪的一份完整录像作参考"),
    "reference_unfit": mark("参考录像与此文件不相符"),
    "not_damaged": mark("没有损坏"),
    "decoding_limit": mark("解码超出了允许的限度"),
}
RENDITIONS: Mapping[str, str] = {
    "recovery": mark("恢复副本"),
    "proxy": mark("播放副本"),
    "poster": mark("封面图"),
    "sprite": mark("预览图"),
}
LINKED_BY: Mapping[str, str] = {"person": mark("人工关联"), "window": mark("自动关联")}
MATCHES: Mapping[str, str] = {"device": mark("设备相符"), "officer": mark("执法人员相符")}
LINK_OUTCOMES: Mapping[str, str] = {
    "linked": mark("已关联案件"),
    "question": mark("没有唯一明确的案件，等待人工选择"),
    "no_case": mark("没有时间、人员或设备相符的案件"),
    "no_data": mark("所知的时间、设备或人员不足，无法自动关联案件"),
    "by_person": mark("已由人工处理"),
    "again": mark("等待重新查找"),
}
LACKS: Mapping[str, str] = {
    "time": mark("缺少开始时间"),
    "exact_time": mark("开始时间误差太大（±{span}）"),
    "names": mark("缺少设备、人员和位置信息"),
}
"""What a recording that cannot be linked by itself has none of, by `casework.linking.observation.Lack`."""
