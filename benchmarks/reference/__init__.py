"""The same endpoints as a tutorial would write them: what the product is compared with.

FastAPI, SQLAlchemy's ORM over asyncpg, a query per module and per resource, response models on the
way out, the token verified and the user loaded on every request. It is served by the same server,
with as many workers, over the same rows. Nothing in it is slow on purpose.
"""
