-- One row: an answer given, with the numbers, units and weights that it adds up under.
SELECT a.wave, a.respondent, CAST(a.number AS SMALLINT) AS item,
       f.first + CAST(a.value AS INTEGER) AS answer,
       CASE WHEN f.first IS NULL THEN a.value END AS value,
       {columns}
FROM answers AS a
JOIN weighed AS p ON p.respondent = a.respondent
LEFT JOIN firsts AS f ON f.number = a.number
WHERE a.status = 'answered' AND a.wave = '{wave}' AND p.wave = '{wave}'
