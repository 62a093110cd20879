package main

import (
	"context"
	"fmt"

	"github.com/datelinenews/dateline/pipeline/elastic"
)

func (s *elasticSettings) connect() (*elastic.Index, error) { return openElastic(s.elastic()) }

func (s *elasticSettings) elastic() elastic.Config {
	return elastic.Config{
		Addresses: s.Elasticsearch, Username: s.ElasticsearchUser, Password: s.ElasticsearchPassword, APIKey: s.ElasticsearchAPIKey,
		CAFile: s.ElasticsearchCA, Insecure: s.ElasticsearchInsecure, Prefix: s.Prefix,
	}
}

func openElastic(cfg elastic.Config) (*elastic.Index, error) {
	x, err := elastic.Open(cfg)
	if err != nil {
		return nil, usageError{err} // it has not connected yet
	}
	return x, nil
}

// offerSettings are only for setup.
type offerSettings struct {
	ILM            bool   `group:"elasticsearch" name:"ilm" help:"Put the indices under a lifecycle policy, where the cluster has ILM: old months are merged."`
	ILMDeleteAfter string `group:"elasticsearch" name:"ilm-delete-after" placeholder:"AGE" help:"With --ilm, delete a month's index so long after it was made, such as 730d. Default: never."`
	Transform      bool   `group:"elasticsearch" help:"Keep one document for each person, organisation and place in PREFIX-entities, where the cluster has transforms."`
}

// prepareElastic makes the templates and what else is asked for, and says what was done.
func (c *setupCmd) prepareElastic(ctx context.Context, p *process) error {
	if c.ILMDeleteAfter != "" && !c.ILM {
		return usagef("--ilm-delete-after is of no use without --ilm")
	}
	cfg := c.elastic()
	cfg.Patience, cfg.Notify, cfg.MinBackoff = c.Wait, c.again(p, "elasticsearch"), setupBackoff
	x, err := openElastic(cfg)
	if err != nil {
		return err
	}
	defer x.Close()
	changes, err := x.Setup(ctx)
	if err == nil && c.ILM {
		var more []elastic.Change
		more, err = x.SetupLifecycle(ctx, elastic.Lifecycle{DeleteAfter: c.ILMDeleteAfter})
		changes = append(changes, more...)
	}
	if err == nil && c.Transform {
		var more []elastic.Change
		more, err = x.SetupTransform(ctx)
		changes = append(changes, more...)
	}
	for _, change := range changes {
		_, _ = fmt.Fprintf(p.out, "elasticsearch %s: %s\n", change.Name, change.Done) // the work counts, not the word
	}
	return err
}
