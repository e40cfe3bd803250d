-- One row: a respondent who meets all clauses of a question's routing or base.
CREATE OR REPLACE TABLE passes AS
SELECT p.respondent, g.question, g.purpose
FROM gates AS g
JOIN picks AS p ON p.item = g.item AND p.value = g.value AND p.verdict = 'answered'
GROUP BY p.respondent, g.question, g.purpose, g.clauses
HAVING COUNT(DISTINCT g.clause) = g.clauses
