-- One row: something that a respondent wrote, alone or in a list.
CREATE OR REPLACE TABLE parts AS
SELECT respondent, piece, spoken(piece) AS plain
FROM (SELECT respondent, trim(unnest(regexp_split_to_array(
          text, '[,;|•]+|\s[/&–-]\s|\s(?i:and|or|und|et|y)\s'))) AS piece
      FROM texts)
