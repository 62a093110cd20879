package quote

import (
	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
)

// Naming is how a quote's speaker is named, as scores.tsv has it.
func Naming(mentions []ner.Mention, entities []coref.Entity, s *Speaker) string {
	f := &finder{mentions: mentions, entities: entities}
	return f.naming(s)
}
