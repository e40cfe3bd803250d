-- One row: the sums over those who gave one answer to one item in one domain.
SELECT {columns},
       COUNT(*) AS n,
       SUM(weight) AS w,
       SUM(weight * weight) AS w2{sums}
FROM {source}
WHERE wave = '{wave}' AND {answer} IS NOT NULL
GROUP BY {keys}
