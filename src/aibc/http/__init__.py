"""What every HTTP answer has in common: errors, headers, limits, logs. Knows no slice."""
