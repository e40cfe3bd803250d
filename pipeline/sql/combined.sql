-- One row: a respondent who answered a select-all question, with the number of the set
-- of answers that they chose; 0 for a set that is not to be told apart.
SELECT {columns}, a.item, CAST(COALESCE(k.number, 0) AS DECIMAL(18, 4)) AS value
FROM answered AS a
JOIN sets AS s
    ON s.wave = a.wave AND s.respondent = a.respondent AND s.item = a.item
LEFT JOIN kept AS k ON k.item = s.item AND k.chosen = s.chosen
