-- One row: the sums over respondents of one pattern of answers in one sampling unit.
SELECT {columns}, COUNT(*) AS n, {sums}
FROM {table}
WHERE {where}
GROUP BY {keys}
ORDER BY {keys}
