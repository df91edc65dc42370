-- name: pathway_exists
SELECT EXISTS (SELECT FROM pathways WHERE id = $1)
