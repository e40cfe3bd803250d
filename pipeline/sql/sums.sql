-- One row: the sums over those who gave one answer to one item in one domain.
SELECT a.number AS item, a.value{columns}, {grouped} AS grouped,
       COUNT(*) AS n,
       SUM(p.weight) AS w,
       SUM(p.weight * p.weight) AS w2,
       SUM({regress}) AS q{replicates}
FROM answers AS a
JOIN people AS p ON p.wave = a.wave AND p.respondent = a.respondent
WHERE a.status = 'answered' AND a.wave = $wave
GROUP BY GROUPING SETS ({sets})
