-- One row: what one respondent said on one item, before routing is checked.
CREATE OR REPLACE TABLE picks AS
SELECT cells.respondent, m.question, m.item, m.value, m.verdict
FROM cells
JOIN meanings AS m ON m.col = cells.col AND m.said = cells.said
WHERE m.verdict IN ('answered', 'declined', 'seen')
GROUP BY cells.respondent, m.question, m.item, m.value, m.verdict
