-- What a decision orders in its words it names as its measure, and the sum as its amount: else a fine gets out, unreviewed
-- and untold, in the words of a decision not to punish. What this can tell, and what not:
-- docs/decisions/0041-words-that-order.md. Lines marked `condition:` are each tried by a test that takes them out.

-- Written as it is read: widths, blanks, marks between the characters and traditional characters make no other word of it.
-- The title of a law is one character, so that its words order nothing; a title that holds a sum is none.
CREATE FUNCTION plain_words(written text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    WITH spelled AS (
        SELECT translate(
            lower(normalize(regexp_replace(COALESCE(written, ''), '[\r\n]+', '。', 'g'), NFKC)),
            '罰罸欵沒產業關閉閇銷暫責資質許證証執繳納處給決萬億圓貳參叄陸兩報評營違與於畱廠幣塊壹弍弎',
            '罚罚款没产业关闭闭销暂责资质许证证执缴纳处给决万亿元贰叁叁陆两报评营违与于留厂币块一二三'
        ) AS words
    ), kept AS (
        SELECT regexp_replace(
            regexp_replace(
                regexp_replace(replace(words, '¥', '人民币'), 'rmb|cny|yuan', '元', 'g'), '(?<=[0-9])w', '万', 'g'
            ), '(?<=[0-9])k', '千', 'g'
        ) AS words FROM spelled
    ), bare AS (
        SELECT regexp_replace(words, '[^0-9〇\u3400-\u9fff《》,.。;:!?、]', '', 'g') AS words FROM kept
    ), counted AS (
        SELECT regexp_replace(words, '(?<=[0-9])[,、](?=[0-9])|(?<![0-9])\.|\.(?![0-9])', '', 'g') AS words FROM bare
    )
    SELECT regexp_replace(
        words,
        '《(?![^》]*(元|[0-9一二两三四五六七八九十壹贰叁肆伍陆柒捌玖拾]+[万亿千百仟佰]))[^《》]{1,60}'
        '(法|条例|办法|规定|细则|规则|解释|意见|决定|标准|基准|通知|清单|目录|批复|规范)(试行|暂行|[0-9]{4}年?)?(修订|修正)?》',
        '§', 'g'
    ) FROM counted
$$;

-- A sum of money as it is written, in digits or characters; 0 of what is none.
CREATE FUNCTION yuan_of(figure text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    spelled CONSTANT text := translate(
        replace(replace(figure, '廿', '二十'), '卅', '三十'),
        '〇零一二两三四五六七八九壹贰叁肆伍陆柒捌玖拾佰仟点', '001223456789123456789十百千.'
    );
    letter text;
    digits text := '';
    count numeric;
    section numeric := 0;
    whole numeric := 0;
BEGIN
    FOREACH letter IN ARRAY regexp_split_to_array(spelled || '个', '') LOOP
        IF letter ~ '[0-9.]' THEN
            digits := digits || letter;
            CONTINUE;
        END IF;
        count := ('0' || regexp_replace(digits, '\.(?=.*\.)', '', 'g'))::numeric;
        IF letter IN ('十', '百', '千') THEN
            section := section + CASE WHEN digits = '' THEN 1 ELSE count END
                * CASE letter WHEN '十' THEN 10 WHEN '百' THEN 100 ELSE 1000 END;
        ELSIF letter = '万' THEN
            whole := whole + CASE WHEN digits = '' AND section = 0 THEN 1 ELSE section + count END * 10000;
            section := 0;
        ELSIF letter = '亿' THEN
            whole := CASE WHEN digits = '' AND section = 0 AND whole = 0 THEN 1 ELSE whole + section + count END * 100000000;
            section := 0;
        ELSE
            section := section + count;
        END IF;
        digits := '';
    END LOOP;
    RETURN whole + section;
END $$;

-- The words without what denies, and without what is told of the past: neither orders anything. A sum beside it orders all
-- the same, as 不予处罚款六十万元 reads both ways.
CREATE FUNCTION undenied_words(plain text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    WITH told AS (
        SELECT regexp_replace(
            plain,
            '(曾(因|被|于)|(此前|以往|先前|前次)(因|被|曾))((?!决定|本局|本机关|我局|本队|现)[^,。;:!?])*'
            '|(已|业已|已经|主动|及时)(自行|主动|全部|及时)*(停业|停产|歇业|停止营业|关闭|拆除|补缴|补交|缴纳|交纳|支付|赔偿)([并和且、]?(停业|停产|停止营业|关闭|拆除))*'
            '|被公安(机关|局|部门)(依法|处以|给予|行政|刑事)*拘留'
            '|((补缴|补交)[^,。;:!?罚]{0,16}费|(缴纳|交纳|支付|缴清)[^,。;:!?罚]{0,12}(处置|处理|占用|修复|补偿|恢复|绿化|污水|服务|赔偿|水|停车)[费款])'
            '(人民币)?([0-9〇零一二两三四五六七八九十百千万壹贰叁肆伍陆柒捌玖拾佰仟.]+元)?',
            '|', 'g'
        ) AS words
    )
    SELECT regexp_replace(
        words,
        '(?<!不得|不能|不可|不是|并非|不予|不再|无不|莫不|不准|不许|[不非未勿])'
        '(不予|不再|不|未|免予|免于|免除|免去|无须|无需|没有|毋须)'
        '(对其|对当事人|对你|依法|再|另行|单独|作出|给予|处以|处|科处|并处|实施|加处|予以|采取|适用|缴纳|交纳)*(行政)?'
        '(处罚|罚款|没收|吊销|暂扣|停产停业|责令停产停业|停业整顿|责令关闭|关闭|警告|通报批评|拘留|降低资质等级)'
        '([、和及或](处罚|罚款|没收|吊销|暂扣|停产停业|责令停产停业|停业整顿|责令关闭|关闭|警告|通报批评|拘留|降低资质等级))*'
        '(?![款金人民币共合总计额数为是:,]*[0-9〇零一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟廿卅])',
        '|', 'g'
    ) FROM told
$$;

-- The largest sum that the words order to be paid, in fen; NULL: none. What a law sets as its limits (以上, 以下) is none.
CREATE FUNCTION sum_in_words(undenied text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
    WITH shape AS (
        SELECT '0-9〇零一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟廿卅点.' AS digit,
            '(?:元|块|(?<=[万亿])(?![元块]))(?!整?(?:以上|以下|以内|至|到))' AS unit
    ), asked AS (
        SELECT format(
            '(?:罚|没收(?:其|当事人|的|全部)*(?:违法所得|非法所得)?|处|科|课|缴|交纳|上交|付|追缴|制裁|滞纳金|违约金)(?:款|金|没|以|纳|清|给|至|人民币|共计|合计|总计|总额|金额|数额|计|额|共|各|为|是|大写|小写|整|的|如下|即|定|确定|应|[:,、])*([%s]+)%s',
            digit, unit
        ) AS after, format(
            '(?<![%1$s至到])([%1$s]+)%2$s(?:整|人民币|的|大写|小写)*(?:行政|经济|金钱)?(?:罚|处罚|制裁|(?:[^。;!?%1$s]|[%1$s]+[日天个]){0,16}(?:缴|交纳|交至|交到|上交|汇入|汇至|存入))',
            digit, unit
        ) AS before, format(
            '罚[款金](?:人民币|共计|合计|总计|总额|金额|数额|计|额|共|为|是|大写|小写|的|:)*([%1$s]+)(?![%1$s元块倍日天次个项条年月份平米人户处%%]|以上|以下|以内|至|到)',
            digit
        ) AS bare
        FROM shape
    ), found AS (
        SELECT (regexp_matches(undenied, after, 'g'))[1] AS figure FROM asked
        UNION ALL
        SELECT (regexp_matches(undenied, before, 'g'))[1] FROM asked
        UNION ALL
        SELECT (regexp_matches(undenied, bare, 'g'))[1] FROM asked
    )
    SELECT max(yuan_of(figure)) * 100 FROM found
$$;

-- The clauses that order, one after the other and without marks: what a law allows or sets limits to, and what follows if the
-- party does not obey, is told and not ordered. A clause that decides, orders, whatever stands before it.
CREATE FUNCTION ordering_words(undenied text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    sentence text;
    clause text;
    cites boolean;
    threatens boolean;
    is_told boolean;
    kept text := '';
BEGIN
    FOREACH sentence IN ARRAY regexp_split_to_array(undenied, '[。;!?]') LOOP
        cites := FALSE;
        threatens := FALSE;
        FOREACH clause IN ARRAY regexp_split_to_array(sentence, '[,:]') LOOP
            cites := cites OR clause ~ '§|依据|依照|按照|根据|规定';
            threatens := threatens OR clause ~ '^(如|若)?(逾期|到期不|拒不|再次|再犯|再有|仍不)|^否则';
            is_told := clause !~ '决定|本局|本机关|我局|本队|支队|大队|现对|现予|现责令' AND (
                (cites OR threatens) AND clause ~ '可以?(并|由|对|单|视|依|处|没|吊|暂|责|强|加|降|给)|[元倍]以[上下]'
                OR cites AND sentence ~ '§.*(可以?并?处|[元倍]以[上下])' AND clause ~ '由(?!本|我)[^,]{0,14}(部门|机关)'
                OR threatens AND clause ~ '将|加处'
                OR clause ~ '[原曾]拟'
            );
            cites := cites AND clause !~ '决定|本局|本机关|我局';
            kept := kept || CASE WHEN is_told THEN '|' ELSE clause END;
        END LOOP;
    END LOOP;
    RETURN regexp_replace(kept, '[《》、.]', '', 'g');
END $$;

-- Which words order which measure; any of `measures` names it.
CREATE FUNCTION words_of_measures() RETURNS TABLE (pattern text, measures text[])
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    VALUES
        ('罚款|罚金|罚钱', ARRAY['fine', 'additional_fine']),
        ('罚没', ARRAY['fine', 'confiscation']),
        ('没收|充公|收归国有', ARRAY['confiscation']),
        ('(给予|予以|处以|处|作出|决定)(行政)?警告', ARRAY['warning']),
        ('(给予|予以|处以|处|作出|决定)(行政)?通报批评', ARRAY['criticism']),
        ('(暂扣|吊扣|扣留)[^|]{0,12}[证照]', ARRAY['licence_suspended']),
        ('吊销|取消[^|]{0,12}资质', ARRAY['licence_revoked']),
        ('降低[^|]{0,12}资质', ARRAY['licence_suspended', 'licence_revoked']),
        ('限制[^|]{0,6}(生产|经营|从业)', ARRAY['business_restricted']),
        ('停业|停产|停止(一切|全部|所有|其)*(生产经营|营业)|歇业|(不准|不得|禁止)[^|]{0,2}(营业|开业)', ARRAY['business_suspended', 'closure']),
        ('(责令|决定|予以|依法|限期|立即)[^|]{0,12}(关闭|关停|取缔)(?![^|]{0,8}(阀|窗|音响|灯|电源|开关|排|设备|喇叭|炉|火|燃气|水|电|消防|卷帘|闸))', ARRAY['closure']),
        ('关闭[^|]{0,8}(店|厂|作坊|企业|公司|加工点|经营|场所|摊)(?![内外里])', ARRAY['closure']),
        ('(责令|限期|决定)[^|]{0,20}拆除[^|]{0,20}(建筑|构筑|房屋|违建)', ARRAY['demolition_ordered', 'demolition']),
        ('强制拆除|强拆', ARRAY['demolition']),
        ('(决定|予以|实施|采取)[^|]{0,6}(查封|扣押)', ARRAY['seizure', 'goods_disposed'])
$$;

-- What the words order beyond what the decision names; a word of UNUSABLE. NULL: nothing that they show.
CREATE FUNCTION unfit_words(content text, measures jsonb, amount_fen bigint) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    undenied CONSTANT text := undenied_words(plain_words(content));
    ordering CONSTANT text := ordering_words(undenied);
    sum_fen CONSTANT numeric := sum_in_words(undenied);
BEGIN
    -- No bureau like this one may order it (处罚法 18).
    IF ordering ~ '拘留' THEN -- condition: no_detention
        RETURN 'detention';
    END IF;
    PERFORM FROM words_of_measures() w WHERE ordering ~ w.pattern AND NOT $2 ?| w.measures;
    IF FOUND THEN -- condition: words_named
        RETURN 'unnamed_words';
    END IF;
    -- What somebody else's performance costs is paid by the party, and is no penalty (强制法 51).
    IF sum_fen > COALESCE(amount_fen, 0) AND NOT ($2 ? 'substitute_performance' AND undenied !~ '罚') THEN -- condition: sum_named
        RETURN CASE WHEN amount_fen IS NULL THEN 'unnamed_sum' ELSE 'larger_sum' END;
    END IF;
    RETURN NULL;
END $$;

-- As before; and its words fit what it names.
CREATE OR REPLACE FUNCTION unfit_measures(said decision_version) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT said.measures <@ measures_of(said.kind) THEN -- condition: measures_of_kind
        RETURN 'other_measures';
    END IF;
    IF said.measures ? 'no_penalty' AND NOT said.measures <@ '["no_penalty", "correction"]' THEN -- condition: no_penalty_alone
        RETURN 'no_penalty_alone';
    END IF;
    IF said.measures ? 'additional_fine' AND said.amount_fen > additional_fine_left(said.case_id, said.decision_id, said.party) THEN -- condition: added_to_a_fine
        RETURN 'added_to_no_fine';
    END IF;
    IF unfit_words(said.content, said.measures, said.amount_fen) IS NOT NULL THEN -- condition: words_fit
        RETURN unfit_words(said.content, said.measures, said.amount_fen);
    END IF;
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION
    plain_words, yuan_of, undenied_words, sum_in_words, ordering_words, words_of_measures, unfit_words FROM PUBLIC;
