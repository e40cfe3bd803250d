-- One row: the sums over those who gave one answer to one item in one domain.
SELECT {columns},
       COUNT(*) AS n,
       CAST(SUM(weight) AS DOUBLE) AS w,
       CAST(SUM(weight * weight) AS DOUBLE) AS w2{sums}
FROM {source}
WHERE wave = $wave AND {answer} IS NOT NULL
GROUP BY {keys}
