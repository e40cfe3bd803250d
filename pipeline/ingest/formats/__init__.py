"""One module per kind of export; all become a table of texts and `Variable`s.

kinds of file     text, excel, parquet, statistical, monkey_json   how cells are read
kinds of header   qualtrics, surveymonkey, limesurvey, redcap,
                  forms, plain                                     what columns mean
"""
