-- One row: an answer given, with the numbers, units and weights that it adds up under.
CREATE OR REPLACE TABLE answered AS
SELECT a.wave, a.respondent, CAST(a.number AS SMALLINT) AS item,
       CASE WHEN a.number NOT IN ({numeric}) THEN CAST(a.value AS SMALLINT) END AS code,
       CASE WHEN a.number IN ({numeric}) THEN a.value END AS value,
       p.weight, p.base_weight{columns}
FROM answers AS a
JOIN people AS p ON p.wave = a.wave AND p.respondent = a.respondent
WHERE a.status = 'answered'
