-- One row: the sums over respondents of one pattern of answers in one sampling unit.
-- Who weighs nothing, as outside a subset, is not counted.
SELECT {columns}, COUNT(CASE WHEN {weight} <> 0 THEN 1 END) AS n, {sums}
FROM {table}
WHERE {where}
GROUP BY {keys}
ORDER BY {keys}
