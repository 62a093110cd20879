package main

import (
	"context"
	"fmt"

	"github.com/datelinenews/dateline/pipeline/elastic"
)

func (s *elasticSettings) connect() (*elastic.Index, error) {
	x, err := elastic.Open(elastic.Config{
		Addresses: s.Elasticsearch, Username: s.ElasticsearchUser, Password: s.ElasticsearchPassword, APIKey: s.ElasticsearchAPIKey,
		CAFile: s.ElasticsearchCA, Insecure: s.ElasticsearchInsecure, Prefix: s.Prefix,
	})
	if err != nil {
		return nil, usageError{err} // it has not connected yet
	}
	return x, nil
}

// prepareElastic makes the templates and says what was done.
func (c *setupCmd) prepareElastic(ctx context.Context, p *process) error {
	x, err := c.connect()
	if err != nil {
		return err
	}
	defer x.Close()
	changes, err := x.Setup(ctx)
	for _, change := range changes {
		_, _ = fmt.Fprintf(p.out, "elasticsearch %s: %s\n", change.Name, change.Done) // the work counts, not the word
	}
	return err
}
