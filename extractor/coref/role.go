package coref

// role gives the words that introduce a person, "" where none do.
func (r *resolver) role(members []int) string { return "" }
