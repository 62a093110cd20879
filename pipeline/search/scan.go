package search

// Scan asks for stored articles page by page, in the order of their IDs' bytes, without the bound
// of Window.
type Scan struct {
	// Query chooses the articles; its order, page and facets do not count.
	Query Query
	// NotVersion, where set, leaves out the articles that this version of the extraction made.
	NotVersion string
	// After, where set, is the ID that the page begins after.
	After string
	// Limit is the most articles of the page, at least 1.
	Limit int
}
