-- One row: one estimate of a question, in the waves and breakdowns that a chart shows.
SELECT wave, statistic, term, "by", domain, estimate, low, high, n, rank, method, flag,
    caution
FROM estimates
WHERE question = $question
    AND wave IN (SELECT unnest($waves))
    AND "by" IN (SELECT unnest($splits))
    AND statistic IN (SELECT unnest($statistics))
