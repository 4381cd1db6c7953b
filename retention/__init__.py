"""How long recordings are kept: classes, holds, and what is due for appraisal (鉴定)."""
