"""What other programs rely on: the OpenAPI document, API Gateway events, the Lambda runtime, SageMaker folders."""
