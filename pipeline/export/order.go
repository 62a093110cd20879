package export

import (
	"slices"

	"github.com/datelinenews/dateline/extractor/coref"
)

// byMentions is the entities, most mentioned first; equals keep their order.
func byMentions(entities []coref.Entity) []coref.Entity {
	out := slices.Clone(entities)
	slices.SortStableFunc(out, func(a, b coref.Entity) int { return len(b.Mentions) - len(a.Mentions) })
	return out
}
