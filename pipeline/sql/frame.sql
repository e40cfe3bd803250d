-- One row: a sampling unit of the last stage, or a stratum where respondents were drawn.
SELECT {columns}, COUNT(*) AS n, COUNT(CASE WHEN {weight} > 0 THEN 1 END) AS weighted
FROM {table}
GROUP BY {keys}
ORDER BY {order}
