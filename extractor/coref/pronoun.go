package coref

import (
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

func resolvePronouns(doc *text.Doc, entities []Entity, mentions []ner.Mention) []ner.Mention {
	return mentions
}
